"use strict";
// Reads codes with the browser's own detector where there is one. No picture leaves the camera's stream.
const scanning = {
  async formats() {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return [];
    return BarcodeDetector.getSupportedFormats();
  },

  // The first code that is seen; null when it was closed.
  async scan(formats) {
    const dialog = document.getElementById("scanner"), video = dialog.querySelector("video");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    const detector = new BarcodeDetector({ formats });
    try {
      video.srcObject = stream;
      await video.play();
      dialog.showModal();
      dialog.querySelector("button").onclick = () => dialog.close();
      while (dialog.open) {
        const [found] = await detector.detect(video);
        if (found) return found.rawValue;
        await new Promise((again) => { setTimeout(again, 150); });
      }
      return null;
    } finally {
      dialog.close();
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    }
  },
};
