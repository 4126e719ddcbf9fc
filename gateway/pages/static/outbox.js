"use strict";
// What was told at doors, in order, until the server has it: it outlives the page and the phone's battery.
const outbox = (() => {
  const AGAIN_MS = 15000, PATIENCE_MS = 30000, CONTACT = "waybill-contact";
  const box = document.getElementById("waiting"), texts = JSON.parse(box.dataset.texts), memory = [];
  const results = new Map();
  let running = null, number = Date.now();

  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = (() => {
    try {
      const request = indexedDB.open("waybill-driver", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "n" });
      return done(request).catch(() => null);
    } catch {
      return Promise.resolve(null);
    }
  })();
  async function stored(mode, act) {
    const db = await database;
    if (!db) return undefined;
    const transaction = db.transaction("waiting", mode), result = done(act(transaction.objectStore("waiting")));
    await new Promise((resolve, reject) => { transaction.oncomplete = resolve; transaction.onabort = reject; });
    return result;
  }
  const all = async () => [...((await stored("readonly", (store) => store.getAll())) || []), ...memory];
  // Whether it will be there after the page is closed.
  async function put(item) {
    try {
      if ((await stored("readwrite", (store) => store.put(item))) !== undefined) return true;
    } catch { /* full, or a private window: below */ }
    const at = memory.findIndex((one) => one.n === item.n);
    if (at < 0) memory.push(item); else memory[at] = item;
    return false;
  }
  async function remove(n) {
    const at = memory.findIndex((one) => one.n === n);
    if (at >= 0) memory.splice(at, 1); else await stored("readwrite", (store) => store.delete(n));
  }

  function heard(at) {
    if (at) localStorage.setItem(CONTACT, new Date(at).toISOString());
  }

  async function send(item) {
    const body = { ...item.body, sent_at: new Date().toISOString(), contact_at: localStorage.getItem(CONTACT) };
    if ("offline" in body) body.offline = item.tried;
    let answer;
    try {
      answer = await fetch(item.url, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      return { state: "away" };
    }
    heard(answer.headers.get("date"));
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return { state: "done", said };
    if (answer.status === 401) return { state: "signed_out" };
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429) return { state: "away" };
    return { state: "refused", why: said.detail || String(answer.status) };
  }

  // Sends in order, and stops where nobody answers: what came later must not overtake.
  async function sendAll() {
    for (const item of await all()) {
      if (item.refused) continue;
      const result = await send(item);
      results.set(item.n, result);
      if (result.state === "done") await remove(item.n);
      else if (result.state === "refused" && item.tried) await put({ ...item, refused: result.why });
      else if (result.state === "refused") await remove(item.n);
      else {
        // From now on it is a thing of the past, told later.
        await put({ ...item, tried: true });
        await show(result.state === "signed_out" ? texts.told_sign_in : "");
        return;
      }
    }
    await show("");
  }
  // One run after the other: two would send the same twice.
  function flush() {
    const turn = (running || Promise.resolve()).then(sendAll);
    running = turn.catch(() => {});
    return turn;
  }

  async function show(problem) {
    const items = await all(), waiting = items.filter((one) => !one.refused);
    box.replaceChildren();
    const say = (text) => {
      const line = document.createElement("p");
      line.textContent = text;
      box.append(line);
      return line;
    };
    if (problem) say(problem).className = "late";
    if (waiting.length) say(texts.told_waiting.replace("{n}", waiting.length));
    for (const item of items.filter((one) => one.refused)) {
      const line = say(texts.told_refused.replace("{order_no}", item.order_no).replace("{why}", item.refused));
      const button = document.createElement("button");
      button.className = "button second";
      button.textContent = texts.told_drop;
      button.onclick = async () => { await remove(item.n); await show(""); };
      line.append(document.createElement("br"), button);
    }
    box.hidden = !box.childElementCount;
  }

  // Told at once if somebody answers: {state: done, refused or kept}; `safe`: it outlives the page.
  async function tell(url, orderNo, body) {
    const item = { n: number++, url, order_no: orderNo, body, tried: !navigator.onLine };
    const safe = await put(item);
    await flush();
    const result = results.get(item.n);
    if (!result) return { state: (await all()).some((one) => one.n === item.n) ? "kept" : "done", safe };
    return { ...result, state: ["done", "refused"].includes(result.state) ? result.state : "kept", safe };
  }

  addEventListener("online", () => flush());
  setInterval(() => { all().then((items) => items.some((one) => !one.refused) && flush()); }, AGAIN_MS);
  heard(box.dataset.contact);
  show("").then(() => flush());
  return { tell, flush };
})();
