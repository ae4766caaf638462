// Times: as text, of videos that may be pieces of a longer one, and found in sorted lists.

const rounded = (t) => Math.round(t * 1000) / 1000;

// The last full second, or tenth, as a running clock shows it: m:ss or h:mm:ss, with so many digits after the point.
function clockText(t, digits = 1) {
  const scale = 10 ** digits;
  const whole = Math.floor(Math.max(0, t) * scale + 1e-6) / scale;
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  const s = (whole % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

// How long something lasts: whole seconds below a minute, in the words given, so that it reads as no place in the video.
function lengthText(seconds, words) {
  const whole = Math.round(Math.max(0, seconds));
  return whole < 60 ? words.replace("{n}", whole) : clockText(Math.max(60, seconds), 0);
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
