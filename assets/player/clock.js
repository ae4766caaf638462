// Times: as text, of videos that may be pieces of a longer one, and found in sorted lists.

const rounded = (t) => Math.round(t * 1000) / 1000;

function clockText(t, digits = 1) {
  const sign = t < 0 ? "-" : "";
  const scale = 10 ** digits;
  const units = Math.round(Math.abs(t) * scale);
  const seconds = units / scale;
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  const s = (seconds % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return `${sign}${h}:${String(m).padStart(2, "0")}:${s}`;
}

function decoded(text, Type) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Type(bytes.buffer);
}

// Index of the first element that is not below t.
function bisect(times, t) {
  let a = 0;
  let b = times.length;
  while (a < b) {
    const m = (a + b) >> 1;
    if (times[m] < t) a = m + 1;
    else b = m;
  }
  return a;
}

// An address may end in #offset=60: the file is a piece of the video that begins there.
function offsetOf(video) {
  return Number(/#offset=([\d.]+)/.exec(video.getAttribute("src") || "")?.[1] ?? 0);
}

function timeOf(video) {
  return video.currentTime + offsetOf(video);
}

function setTime(video, t) {
  video.currentTime = Math.max(0, t - offsetOf(video));
}
