// From one component to the player of the same page: it stands in the element with the player's key. Only the player knows
// its element's clock; times here are seconds of the video.

function playerOf(key) {
  const box = document.querySelector(`.st-key-${CSS.escape(key)}`);
  for (const element of box ? box.querySelectorAll("*") : []) {
    const found = element.shadowRoot?.querySelector(".player")?.punchline;
    if (found) return found;
  }
  return null;
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
