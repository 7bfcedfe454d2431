/* Keeps the rows of what is seen until they are saved: the table of docs/table.md, made in the browser. */

import {columnsOf, csvLine} from "./records.js";

const round = (value, digits) => Number(value.toFixed(digits));

export class Recorder {
  constructor(format, labels, smoothed) {
    this.format = format;
    this.columns = columnsOf(labels, smoothed);
    this.rows = 0;
    this.seconds = 0;
    this.frame = 0;
    this.parts = format === "csv" ? [csvLine(this.columns)] : [];
    this.first = null;
  }

  /* One frame: its rows, at least one, as with every other table of vyraz. */
  take(rows, seconds) {
    this.first ??= seconds;
    this.seconds = seconds - this.first;
    const common = {source: "camera", frame: this.frame++, timestamp: round(this.seconds, 6)};
    const some = rows.length ? rows : [{status: "no_face"}];
    for (const row of some) this.#put({...row, ...common});
    this.rows += some.length;
  }

  #put(row) {
    const values = this.columns.map((name) => row[name] ?? null);
    if (this.format === "csv") this.parts.push(csvLine(values));
    else this.parts.push(`${JSON.stringify(Object.fromEntries(this.columns.map((name, at) => [name, values[at]])))}\n`);
  }

  blob() {
    return new Blob(this.parts, {type: this.format === "csv" ? "text/csv" : "application/jsonl"});
  }
}
