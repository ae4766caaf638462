// From one component to the player of the same page: it stands in the element with the player's key.

function videoOf(key) {
  const box = document.querySelector(`.st-key-${CSS.escape(key)}`);
  for (const element of box ? box.querySelectorAll("*") : []) {
    const video = element.shadowRoot?.querySelector("video.front");
    if (video) return video;
  }
  return null;
}

// Go there and play; before the video is known, it begins there.
function playAt(key, t) {
  const video = videoOf(key);
  if (!video) return;
  if (video.readyState >= 1) video.currentTime = t;
  else video.dataset.wanted = t;
  video.play().catch(() => {}); // an unplayable video says so itself
}

// The last full second, or tenth, as a clock shows it.
function clockOf(t, digits = 0) {
  const scale = 10 ** digits;
  const whole = Math.floor(Math.max(0, t) * scale + 1e-6) / scale;
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  const s = (whole % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

function made(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
