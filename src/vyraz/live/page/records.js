/* Rows of the table of results, as the page draws them. */

/* A face: {id, box, label, score, scores, uncertain}; scores are the steady ones, in the order of labels. */
export function faceOf(row, labels, place) {
  const scores = labels.map((label) => row[`${label}_smooth`] ?? row[label] ?? 0);
  const label = row.label ?? row.emotion;
  return {
    id: row.face_id ?? place + 1,
    box: {x: row.x, y: row.y, width: row.width, height: row.height},
    label,
    score: scores[labels.indexOf(label)] ?? row.confidence,
    scores,
    uncertain: row.status === "uncertain",
  };
}

/* The faces of one frame; rows that say that nobody was seen have no box. */
export function facesOf(rows, labels) {
  return rows.filter((row) => typeof row.x === "number").map((row, place) => faceOf(row, labels, place));
}

/* The labels of a table, from its columns: those between face_score and the first that is no score. */
export function labelsOf(row) {
  const names = Object.keys(row), from = names.indexOf("face_score") + 1, to = names.indexOf("emotion");
  return names.slice(from, to).filter((name) => !name.endsWith("_smooth"));
}

const FIRST = ["source", "frame", "timestamp", "face_id", "x", "y", "width", "height", "face_score"];
const LAST = ["emotion", "confidence", "status"];

export function columnsOf(labels, smoothed) {
  const smooth = smoothed ? labels.map((label) => `${label}_smooth`) : [];
  return [...FIRST, ...labels, ...smooth, ...LAST];
}

export function csvLine(values) {
  const quoted = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${values.map(quoted).join(",")}\n`;
}
