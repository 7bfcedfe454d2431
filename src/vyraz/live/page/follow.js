/* The person whose scores are drawn: the largest in view, until another is chosen or that one has gone. */

import {page, people, stage} from "./page.js";
import {tell} from "./speech.js";
import {showTitle} from "./timebar.js";

/* Seconds after which somebody who is not seen has gone. */
const ABSENT = 2;

let seenAt = 0;

export function select(id) {
  if (page.selected === id) return;
  page.selected = stage.selected = id;
  showTitle();
  page.redraw();
}

export function follow(faces, seconds) {
  const there = faces.find((face) => face.id === page.selected);
  if (there) tell(there, seconds);
  else if (faces.length && (page.selected === null || Math.abs(seconds - seenAt) > ABSENT)) {
    select(faces.reduce((largest, face) => (area(face) > area(largest) ? face : largest)).id);
  } else return;
  seenAt = seconds;
}

const area = ({box}) => box.width * box.height;

/* The cards and marks of what is on the stage, after another one was selected. */
export function mark() {
  if (!page.frame) return;
  people.update(page.frame.faces, page.labels, page.frame.seconds, page.selected);
  stage.draw();
}
