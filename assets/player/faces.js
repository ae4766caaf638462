// The person's face and name on the picture, on demand. Boxes come for some minutes around the playhead at a time.

const AROUND = 120; // s before and after the playhead
const STEADY = 0.6; // s for which a box stands: faces are looked for some times a second

class Faces {
  constructor(box, button, on) {
    this.box = box;
    this.button = button;
    this.on = on; // front() gives the video, want(start, end) asks for boxes
    this.shown = false;
  }

  // {name, start, end, t, boxes}, or without boxes where none were asked for; boxes are shares of the picture
  set(data) {
    if (data?.t === this.data?.t && data?.start === this.data?.start) return;
    this.data = data;
    this.times = data?.t ? decoded(data.t, Float32Array) : [];
    this.boxes = data?.t ? decoded(data.boxes, Float32Array) : [];
    this.asked = null;
  }

  toggle() {
    this.shown = !this.shown;
    this.button.ariaPressed = String(this.shown);
    this.box.hidden = true;
  }

  frame(now) {
    if (!this.shown || !this.data) return;
    const { start, end } = this.data;
    if (!(now >= start && now < end) && !(this.asked && Math.abs(this.asked - now) < AROUND / 2)) {
      this.asked = now;
      this.on.want(rounded(Math.max(0, now - AROUND)), rounded(now + AROUND));
    }
    const after = bisect(this.times, now);
    const k = after > 0 && !(this.times[after] - now < now - this.times[after - 1]) ? after - 1 : after;
    this.box.hidden = !(Math.abs(this.times[k] - now) < STEADY);
    if (!this.box.hidden) this.place(this.boxes.subarray(4 * k, 4 * k + 4));
  }

  // The picture fills the stage in one direction and is centred in the other.
  place([left, top, right, bottom]) {
    const video = this.on.front();
    const { clientWidth: w, clientHeight: h, videoWidth, videoHeight } = video;
    const scale = Math.min(w / videoWidth, h / videoHeight);
    const [pw, ph] = [videoWidth * scale, videoHeight * scale];
    const px = { left: (w - pw) / 2 + left * pw, top: (h - ph) / 2 + top * ph, width: (right - left) * pw, height: (bottom - top) * ph };
    for (const [name, value] of Object.entries(px)) this.box.style[name] = `${value}px`;
    this.box.firstElementChild.textContent = this.data.name;
  }
}
