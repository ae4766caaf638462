// Small pictures of places in a video. They are asked for where they come into sight, two at a time, so that the video
// keeps its connections.

const MOST_ASKED = 2;
const stills = {
  waiting: [],
  asked: 0,
  next() {
    while (stills.asked < MOST_ASKED && stills.waiting.length) {
      const image = stills.waiting.pop(); // what came into sight last is what is looked at
      if (!image.isConnected) continue;
      stills.asked += 1;
      const done = (there) => {
        stills.asked -= 1;
        image.hidden = !there;
        stills.next();
      };
      image.onload = () => done(true);
      image.onerror = () => done(false);
      image.src = image.dataset.src;
    }
  },
};
const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      inSight.unobserve(target);
      stills.waiting.push(target.querySelector("img"));
    }
    stills.next();
  },
  { rootMargin: "200px", scrollMargin: "200px" },
);

// Let an image, the only one in its frame, show the picture at an address once it is in sight.
function showStill(image, src) {
  if (!src || image.dataset.src === src) return;
  image.dataset.src = src;
  inSight.observe(image.parentElement);
}
