// Which key was pressed, and whether it was meant for the player.

const PLAIN = /^(button|checkbox|color|file|image|radio|range|reset|submit)$/; // inputs in which nothing is typed

// A key by its letter; by its place on the keyboard where another script is set (such as Hangul).
function letterOf(event) {
  if (event.key.length === 1 && event.key.charCodeAt(0) < 128) return event.key.toLowerCase();
  const places = { Comma: ",", Period: ".", BracketLeft: "[", BracketRight: "]", Equal: "+", Minus: "-", Slash: "/" };
  if (event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  return places[event.code] || event.key;
}

// Typing, open dialogs and grids keep their keys; a focused control keeps those that move or press it.
function belongsElsewhere(event, letter) {
  const path = event.composedPath().filter((node) => node instanceof Element);
  const target = path[0];
  if (!target) return false;
  const tag = target.tagName;
  if (tag === "TEXTAREA" || tag === "SELECT" || target.isContentEditable) return true;
  if (tag === "INPUT" && !PLAIN.test(target.type)) return true;
  if (path.some((node) => /^(dialog|grid|listbox|menu|combobox)$/.test(node.getAttribute("role") || ""))) return true;
  const control = target !== document.body && target.matches("button, a, summary, input, [role]");
  return control && (letter === " " || letter === "enter" || letter.startsWith("arrow"));
}

// The letter, for the user, of a key that is known by its usual one.
function shownKey(keys, usual) {
  return (Object.keys(keys).find((pressed) => keys[pressed] === usual.toLowerCase()) ?? usual).toUpperCase();
}

// All keys of a page, as terms and what they do.
function keyList(T, data) {
  const own = (...letters) => letters.map((letter) => shownKey(data.keys, letter));
  const keys = [[[T.space], T.pause], [["J", "K", "L"], T.shuttle], [[",", "."], T.step], [["1", "2", "3", "4", "5"], T.speeds], [["+", "−"], T.zoom]];
  if (data.queue) keys.push([own("F", "N", "S", "U"), `${T.funny}, ${T.not_funny}, ${T.skip}, ${T.undo}`]);
  if (data.queue) keys.push([["←", "→"], T.move_start], [["⇧", "← →"], T.move_start_far], [["[", "]"], T.change_length]);
  if (data.mark) keys.push([own("F", "U"), `${T.funny}, ${T.undo}`]);
  if (data.jumps) keys.push([["↑", "↓"], T.jump]);
  if (data.trims) keys.push([["⏎"], T.again]);
  if (data.trims) keys.push([own("A", "X", "U"), T.verdict], [own("I", "O"), T.in_out], [["←", "→"], T.nudge]);
  if (data.queue || data.clip || data.trims) keys.push([["/"], T.loop]);
  if (data.range) keys.push([["⇧"], T.range]);
  keys.push([["?"], T.all_keys]);
  return keys.flatMap(([letters, text]) => {
    const names = document.createElement("dt");
    names.append(...letters.map((letter) => Object.assign(document.createElement("kbd"), { textContent: letter })));
    return [names, Object.assign(document.createElement("dd"), { textContent: text })];
  });
}

// A list that is closed after a choice keeps the focus, and with it all keys: it gives them up. A press of Tab goes on from
// there all the same.
function giveKeysBack(signal) {
  const letGo = () => {
    const { activeElement } = document;
    if (activeElement?.matches('[role="combobox"][aria-expanded="false"]')) activeElement.blur();
  };
  const closes = (event) => event.target.closest?.('[role="option"]') || (event.key === "Enter" && event.target.matches?.('[role="combobox"][aria-expanded="true"]'));
  for (const name of ["click", "keydown"]) document.addEventListener(name, (event) => closes(event) && setTimeout(letGo, 150), { signal, capture: true });
}
