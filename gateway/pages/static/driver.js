// Scanning with the phone's camera where the browser can read codes; typing works everywhere.
"use strict";

const form = document.getElementById("scan-form");
const button = document.getElementById("scan");
const camera = document.getElementById("camera");
const says = document.getElementById("scan-says");

async function scan() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => {
    stream.getTracks().forEach((track) => track.stop());
    camera.hidden = true;
    location.hash = "";
  };
  const begin = button.textContent;
  button.textContent = button.dataset.stop;
  button.onclick = () => { stop(); button.textContent = begin; button.onclick = start; };
  camera.srcObject = stream;
  camera.hidden = false;
  await camera.play();
  const detector = new BarcodeDetector();
  while (!camera.hidden) {
    const [found] = await detector.detect(camera);
    if (found) {
      document.getElementById("code").value = found.rawValue;
      stream.getTracks().forEach((track) => track.stop());
      // The page that comes back goes on scanning.
      form.action += "#scan";
      form.submit();
      return;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

function start() {
  says.hidden = true;
  scan().catch(() => { says.textContent = button.dataset.away; says.hidden = false; });
}

if (button && "BarcodeDetector" in window && navigator.mediaDevices) {
  button.hidden = false;
  button.onclick = start;
  if (location.hash === "#scan") start();
}

// Help: two seconds of holding send it at once; a short press asks first.
for (const held of document.querySelectorAll("form[data-hold-ms]")) {
  const press = held.querySelector("button");
  const says = press.textContent;
  let timer = 0;
  const release = () => { clearTimeout(timer); timer = 0; press.classList.remove("held"); press.textContent = says; };
  press.addEventListener("pointerdown", () => {
    press.classList.add("held");
    press.textContent = held.dataset.holding;
    timer = setTimeout(() => { held.method = "post"; held.submit(); }, Number(held.dataset.holdMs));
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) press.addEventListener(name, release);
  press.addEventListener("contextmenu", (event) => event.preventDefault());
}
