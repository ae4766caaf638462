// The pictures on buttons.

const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  "frame-back": "M6 5h2v14H6zM19 5v14l-9-7z",
  "frame-on": "M16 5h2v14h-2zM5 5v14l9-7z",
  previous: "M5 5h2.5v14H5zM18.5 5v14L13 12zM13 5v14l-5.5-7z",
  next: "M16.5 5H19v14h-2.5zM5.5 5v14L11 12zM11 5v14l5.5-7z",
  loop: "M7 7h10v3l4-4-4-4v3H5v6h2zM17 17H7v-3l-4 4 4 4v-3h12v-6h-2z",
  loud: "M4 9v6h4l5 5V4L8 9zM16.5 12a4.5 4.5 0 0 0-2.5-4v8a4.5 4.5 0 0 0 2.5-4zM14 3.2v2.1a7 7 0 0 1 0 13.4v2.1a9 9 0 0 0 0-17.6z",
  mute: "M4 9v6h4l5 5V4L8 9zM20.5 9.5 19 8l-2 2-2-2-1.5 1.5 2 2.5-2 2.5L15 16l2-2 2 2 1.5-1.5-2-2.5z",
  keys: "M3 6h18v12H3zM6 9h2v2H6zM10 9h2v2h-2zM14 9h2v2h-2zM18 9h1v2h-1zM6 13h2v2H6zM10 13h6v2h-6z",
  face: "M4 4h5v2H6v3H4zM15 4h5v5h-2V6h-3zM4 15h2v3h3v2H4zM18 15h2v5h-5v-2h3zM9 10h1.6v2H9zM13.4 10H15v2h-1.6zM9 14h6l-1 2h-4z",
  whole: "M3 5h2v14H3zM19 5h2v14h-2zM9.5 7.5V11h5V7.5L19 12l-4.5 4.5V13h-5v3.5L5 12z",
  fullscreen: "M5 14H3v7h7v-2H5zM3 10h2V5h5V3H3zM19 19h-5v2h7v-7h-2zM14 3v2h5v5h2V3z",
};

const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path fill-rule="evenodd" d="${ICONS[name]}"/></svg>`;
