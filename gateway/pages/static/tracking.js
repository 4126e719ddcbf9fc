// Asks whether there is something new, moves the van, and fetches the page again when it would say something else.
// Without it the page is whole: it is loaded anew once a minute.
"use strict";
(() => {
  const offline = document.getElementById("offline");
  let failures = 0;
  const live = () => document.getElementById("live");

  function moveVan(state) {
    const van = document.getElementById("van");
    if (!van) return;
    if (state.van) {
      van.setAttribute("transform", `translate(${state.van.x} ${state.van.y})`);
      van.setAttribute("visibility", "visible");
      const ground = document.getElementById("ground");
      const wanted = ground.getAttribute("href").replace(/\d+$/, state.van.level);
      if (wanted !== ground.getAttribute("href")) ground.setAttribute("href", wanted);
      document.querySelector("#van .about").setAttribute("r", state.van.about);
    } else {
      van.setAttribute("visibility", "hidden");
    }
    const words = document.getElementById("van-words");
    if (words.textContent !== state.van_words) words.textContent = state.van_words;
  }

  async function fetchPage() {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!fresh) return location.reload();
    const headline = fresh.querySelector("h1").textContent;
    const changed = headline !== live().querySelector("h1").textContent;
    const focused = live().contains(document.activeElement) && document.activeElement.getAttribute("href");
    live().replaceWith(fresh);
    if (focused) [...live().querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    if (changed) document.getElementById("news").textContent = headline;
  }

  async function look() {
    const answer = await fetch(live().dataset.state, { cache: "no-store" });
    if (answer.status === 404) return location.reload(); // the link ended meanwhile: the page says so
    if (!answer.ok) throw new Error(answer.status);
    const state = await answer.json();
    if (state.version !== live().dataset.version) await fetchPage();
    moveVan(state);
    const asOf = document.getElementById("as-of"); // not on a page that is final
    if (asOf) asOf.textContent = state.as_of;
  }

  async function turn() {
    if (!document.hidden) {
      try {
        await look();
        failures = 0;
        offline.hidden = true;
      } catch {
        failures += 1;
        // By the shop's clock, as every time on the page.
        offline.textContent = `${offline.dataset.says} ${document.getElementById("as-of")?.textContent ?? ""}`;
        offline.hidden = failures < 2;
      }
    }
    plan();
  }

  let timer;
  function plan(now) {
    clearTimeout(timer);
    const everyS = Number(live().dataset.everyS);
    // After failures less and less often, up to 2 minutes: a server that is down is not helped by haste.
    if (everyS) timer = setTimeout(turn, now ? 0 : Math.min(everyS * 2 ** failures, Math.max(120, everyS)) * 1000);
  }

  document.addEventListener("visibilitychange", () => document.hidden || plan(true));
  addEventListener("online", () => plan(true));
  plan();
})();
