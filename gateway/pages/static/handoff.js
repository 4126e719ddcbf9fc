"use strict";
// The steps at one door: what is asked for, what speaks against it, and one telling at the end. Knows no rule by itself.
(() => {
  const $ = (id) => document.getElementById(id), root = $("door"), page = JSON.parse(root.dataset.page);
  const { needs, texts } = page, DRAFT = `waybill-door-${page.url}-${needs.attempts}`;
  const pad = new Pad($("pad"));
  const asks = (proof) => needs.proofs.includes(proof);
  const picked = (name) => (root.querySelector(`input[name="${name}"]:checked`) || {}).value;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const steps = [
    "bag", ...(asks("id_check") ? ["id"] : []), ...(asks("affirmation") ? ["affirm"] : []),
    ...(needs.documents.en.lines.length ? ["goods"] : []), ...(asks("signature") ? ["sign"] : []),
    ...(asks("photo") ? ["photo"] : []), ...(needs.due_minor ? ["pay"] : []), "done",
  ];
  let at = 0, reason = null, shot = null;
  // What was found so far; it outlives a phone that dies, for an hour. No date and no photo is in it.
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith("waybill-door-"))) {
    if (Date.now() - (JSON.parse(localStorage.getItem(key)).kept_at || 0) > 3600000) localStorage.removeItem(key);
  }
  const found = { language: page.customer_language, lines: {}, ...JSON.parse(localStorage.getItem(DRAFT) || "{}") };
  const keep = () => localStorage.setItem(DRAFT, JSON.stringify({ ...found, kept_at: Date.now() }));

  // ---- goods and the text
  const left = (line) => {
    const accepted = line.line_no in found.lines ? found.lines[line.line_no] : line.quantity;
    return (Math.round(line.quantity * 1e4) - Math.round(accepted * 1e4)) / 1e4;
  };
  const isPartial = () => needs.documents.en.lines.some((line) => left(line) > 0);
  function shownText() {
    const { text, lines } = needs.documents[found.language], rest = lines.filter((line) => left(line) > 0);
    const said = text.split("\n");
    said.splice(-2, 0, ...rest.map((line) => line.returned.replace("{quantity}", () => String(left(line)))));
    return said.join("\n");
  }

  // ---- each step: what is wrong with it, or nothing
  const checks = {
    bag() {
      const code = $("code").value.trim(), said = code.toUpperCase(), codes = needs.codes.map((one) => one.toUpperCase());
      const whole = codes.includes(said), ends = said.length >= 4 && codes.some((one) => one.endsWith(said));
      if (!whole && !ends) return fill(texts.bag_wrong, { code, order_no: needs.order_no });
      found.code = code;
      found.code_read = whole && found.scanned === code ? "scan" : "typed";
      tellArrival();
      return "";
    },
    id() {
      const birth = $("birth").value, expires = $("no_end").checked ? null : $("expires").value;
      const day = idCheck.today(page.tz, new Date()), verdict = idCheck.verdict(needs.limits, day, birth, expires);
      if (!birth && needs.age_threshold !== null || expires === "" || !picked("photo_matches") || !picked("name_matches")) {
        return texts.id_incomplete;
      }
      if (!verdict) return texts.id_old_page;
      found.id_check = {
        id_class: picked("id_class"), ...verdict, photo_matches: picked("photo_matches") === "yes",
        name_matches: picked("name_matches") === "yes", age_threshold: needs.age_threshold,
        read_mode: found.id_scanned ? "scan" : "manual", issuer: $("issuer").value.trim().toUpperCase() || null,
      };
      const wrong = ["unexpired", "photo_matches", "name_matches", "over_age"].find((one) => !found.id_check[one]);
      if (!wrong) forget();
      else {
        reason = page.reason_of[wrong];
        $("help").hidden = false;
      }
      const date = wrong === "unexpired" ? new Date(`${expires}T12:00`).toLocaleDateString(page.language) : "";
      return wrong ? fill(texts[`help_${wrong}`], { date, name: page.customer_name }) : "";
    },
    affirm() {
      const said = {};
      for (const box of $("affirm").querySelectorAll("input")) said[box.name] = box.checked;
      found.affirmation = { ...said, text_version: page.text_version };
      const wrong = Object.keys(said).find((name) => !said[name]);
      if (wrong) reason = page.reason_of[wrong];
      return wrong ? texts.help_affirmation : "";
    },
    goods() {
      for (const input of $("goods").querySelectorAll("[data-line]")) {
        const taken = Number(input.value);
        if (input.value === "" || !(taken >= 0 && taken <= Number(input.dataset.all))) { input.focus(); return texts.goods_unclear; }
        found.lines[input.dataset.line] = Math.round(taken * 1e4) / 1e4;
      }
      found.left = isPartial() ? picked("left") : null;
      return "";
    },
    sign() {
      found.printed_name = $("printed").value.trim();
      if (!found.printed_name) return page.sign[found.language].sign_no_name;
      if (pad.length < page.least_length) return page.sign[found.language].sign_short;
      const document_ = shownText();
      found.signature = {
        printed_name: found.printed_name, document: document_, document_sha256: sha256(document_),
        document_version: needs.documents[found.language].version, language: found.language, strokes: pad.strokes,
        signed_at: new Date().toISOString(),
      };
      return "";
    },
    photo: () => (shot ? "" : texts.photo_none),
    pay() {
      const amount = $("paid").value.trim().replace(",", "."), by = picked("paid_by");
      if (!/^\d+(\.\d+)?$/.test(amount) || !by) return texts.pay_unclear;
      found.paid = { amount_minor: Math.round(Number(amount) * 10 ** page.decimals), by };
      return "";
    },
    done: () => "",
  };
  const enters = {
    sign() {
      const words = page.sign[found.language], text = shownText();
      $("sign").lang = found.language;
      $("sign").querySelector("h2").textContent = words.sign_headline;
      $("printed-label").textContent = words.sign_name;
      $("pad-label").textContent = words.sign_here;
      $("clear").textContent = words.sign_clear;
      // A signature belongs to the text that it was drawn under.
      if ($("document").textContent !== text) pad.clear();
      $("document").textContent = text;
      $("printed").value = found.printed_name || "";
    },
    goods() { $("left").hidden = !isPartial(); },
  };

  function forget() {
    for (const id of ["birth", "expires"]) $(id).value = "";
    found.id_scanned = false;
  }

  function show() {
    steps.forEach((id, n) => { $(id).hidden = n !== at; });
    $("problem").textContent = "";
    $("help").hidden = $("fail").hidden = true;
    $("next").hidden = $("cannot").hidden = false;
    $("before").hidden = at === 0;
    $("next").textContent = steps[at] === "done" ? texts.done_send : steps[at] === "id" ? texts.id_check : texts.next;
    $("progress").textContent = fill(texts.step, { n: at + 1, all: steps.length });
    found.step = steps[at];
    keep();
    (enters[steps[at]] || (() => {}))();
    $(steps[at]).querySelector("h2").focus();
  }

  function forward() {
    reason = null;
    $("help").hidden = true;
    const wrong = checks[steps[at]]();
    keep();
    $("problem").textContent = wrong;
    if (wrong) return;
    if (steps[at] === "done") { deliver(); return; }
    at += 1;
    show();
  }

  // ---- telling
  const uuid = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    return [...b].map((x, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + x.toString(16).padStart(2, "0")).join("");
  };
  const told = () => ({
    id: (found.told_id ||= uuid()), phone_at: new Date().toISOString(), offline: false, id_check: found.id_check || null,
    affirmation: found.affirmation || null,
  });
  function tellArrival() {
    if (found.arrived || !page.arrived_url) return;
    found.arrived = true;
    outbox.tell(page.arrived_url, needs.order_no, { phone_at: new Date().toISOString() });
  }
  function deliver() {
    const lines = Object.entries(found.lines).map(([no, taken]) => ({ line_no: Number(no), accepted_quantity: String(taken) }));
    tell({
      ...told(), outcome: "delivered", code: found.code, code_read: found.code_read, signature: found.signature || null,
      photo: shot, lines: isPartial() ? lines : [], paid: found.paid || null, disposition: found.left || null,
    }, texts.told_delivered);
  }
  function fail(disposition) {
    const note = $("note").value.trim() || null;
    if (reason === "OTHER" && !note) { $("problem").textContent = texts.fail_note_first; $("note").focus(); return; }
    tell({ ...told(), outcome: "failed", reason_code: reason, note, disposition }, texts.told_failed);
  }
  async function tell(body, good) {
    keep();
    for (const button of root.querySelectorAll("button")) button.disabled = true;
    $("problem").textContent = texts.told_sending;
    const result = await outbox.tell(page.url, needs.order_no, body);
    for (const button of root.querySelectorAll("button")) button.disabled = false;
    if (result.state === "refused") {
      // Nothing of it was kept: it may be put right and told as another one.
      found.told_id = null;
      $("problem").textContent = result.why;
      return;
    }
    localStorage.removeItem(DRAFT);
    root.hidden = true;
    const conflict = result.said && result.said.conflict;
    const says = result.state === "done" ? good : result.safe ? texts.told_kept : texts.told_memory;
    $("result").hidden = false;
    $("attempt-again").hidden = body.outcome !== "failed";
    $("result").querySelector("h2").textContent = conflict ? fill(texts.told_conflict, { conflict }) : says;
    $("result").querySelector("h2").focus();
  }

  // ---- what does not work out
  function ask() {
    for (const id of steps) $(id).hidden = true;
    for (const id of ["next", "before", "cannot", "help"]) $(id).hidden = true;
    $("problem").textContent = "";
    $("fail").hidden = false;
    choose(reason);
    $("fail").querySelector("h2").focus();
  }
  function choose(code) {
    reason = code;
    $("reasons").hidden = Boolean(code);
    $("where").hidden = !code;
    $("reason-said").textContent = code ? page.reasons[code] : "";
  }
  function showCard() {
    const cards = page.cards[found.language];
    $("card").lang = found.language;
    $("card").querySelector("p").textContent = cards[reason] || cards.OTHER;
    $("card").showModal();
  }

  $("next").onclick = forward;
  $("before").onclick = () => { at -= 1; show(); };
  $("cannot").onclick = ask;
  $("go-on").onclick = () => { reason = null; show(); };
  $("another").onclick = () => {
    forget();
    for (const name of ["photo_matches", "name_matches"]) for (const one of root.querySelectorAll(`input[name="${name}"]`)) one.checked = false;
    found.id_check = null;
    show();
  };
  for (const button of $("fail").querySelectorAll("[data-reason]")) button.onclick = () => choose(button.dataset.reason);
  for (const button of $("fail").querySelectorAll("[data-disposition]")) button.onclick = () => fail(button.dataset.disposition);
  $("show-card").onclick = showCard;
  $("card").querySelector("button").onclick = () => $("card").close();
  $("clear").onclick = () => pad.clear();
  for (const button of $("languages").children) button.onclick = () => { found.printed_name = $("printed").value; found.language = button.dataset.language; enters.sign(); };
  $("goods").oninput = (event) => {
    const { line, all } = event.target.dataset, taken = Number(event.target.value);
    if (line && taken >= 0 && taken <= Number(all)) { found.lines[line] = taken; enters.goods(); }
  };
  $("camera").onchange = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    shot = await bareShot(file, $("shot")).catch(() => null);
    $("shot").hidden = !shot;
    $("problem").textContent = shot ? "" : texts.photo_none;
  };
  scanning.formats().then((formats) => {
    for (const [what, fits] of [["bag", formats], ["id", formats.filter((one) => one === "pdf417")]]) {
      const place = root.querySelector(`[data-scan="${what}"]`);
      place.hidden = !fits.length;
      place.querySelector("button").onclick = async () => {
        const code = await scanning.scan(fits).catch(() => null);
        if (!code) return;
        if (what === "bag") { $("code").value = found.scanned = code; forward(); return; }
        const read = idCheck.read(code);
        for (const [id, value] of [["birth", read.birth], ["expires", read.expires], ["issuer", read.issuer]]) $(id).value = value;
        found.id_scanned = true;
      };
    }
  });
  // Where the page was left; but a photo is taken anew, and a text that has changed is signed anew.
  function resume() {
    for (const input of $("goods").querySelectorAll("[data-line]")) input.value = found.lines[input.dataset.line] ?? input.value;
    at = Math.max(0, steps.indexOf(found.step));
    const sign = steps.indexOf("sign"), photo = steps.indexOf("photo");
    if (photo >= 0 && at > photo) at = photo;
    if (sign >= 0 && at > sign && found.signature.document !== shownText()) at = sign;
    if (steps[at] === "done" && needs.due_minor && !found.paid) at -= 1;
  }
  if (needs.may_end) { resume(); root.hidden = false; show(); }
})();
