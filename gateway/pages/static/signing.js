"use strict";
// A pad that keeps strokes, and a photo that keeps pixels. Sends nothing.
class Pad {
  constructor(canvas) {
    this.canvas = canvas;
    this.strokes = [];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.strokes.push([this.point(event)]);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.pointer) return;
      const stroke = this.strokes[this.strokes.length - 1], [x, y] = this.point(event), [oldX, oldY] = stroke[stroke.length - 1];
      // The finest that a finger means; a scribble of minutes stays small.
      if (Math.hypot(x - oldX, y - oldY) < 3) return;
      stroke.push([x, y]);
      this.draw();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { this.pointer = null; });
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const on = (at, from, size, most) => Math.max(0, Math.min(most - 1, Math.round(((at - from) / size) * most)));
    return [on(event.clientX, box.left, box.width, 600), on(event.clientY, box.top, box.height, 200)];
  }

  clear() {
    this.strokes = [];
    this.draw();
  }

  get length() {
    let sum = 0;
    for (const s of this.strokes) for (let i = 1; i < s.length; i++) sum += Math.hypot(s[i][0] - s[i - 1][0], s[i][1] - s[i - 1][1]);
    return sum;
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, 600, 200);
    pen.lineWidth = 3;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = getComputedStyle(this.canvas).color;
    for (const stroke of this.strokes) {
      pen.beginPath();
      stroke.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.stroke();
    }
  }
}

// The picture drawn anew, at most 1,280 pixels wide or high: what the camera wrote into the file stays behind.
async function bareShot(file, canvas) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, 1280 / Math.max(image.width, image.height));
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.toDataURL("image/jpeg", 0.8).split(",")[1];
}
