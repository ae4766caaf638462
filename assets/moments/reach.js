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

function made(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
