// Which key was pressed, and whether it was meant for the player.

const PLAIN = /^(button|checkbox|color|file|image|radio|range|reset|submit)$/; // inputs in which nothing is typed

// A key by its letter; by its place on the keyboard where another script is set (such as Hangul).
function letterOf(event) {
  if (event.key.length === 1 && event.key.charCodeAt(0) < 128) return event.key.toLowerCase();
  const places = { Comma: ",", Period: ".", BracketLeft: "[", BracketRight: "]", Equal: "+", Minus: "-" };
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
  return control && (letter === " " || letter.startsWith("arrow"));
}
