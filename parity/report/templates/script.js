"use strict";
// Trees of module calls and plots: every one reads the JSON that lies beside it.  Rows are made when they are shown, so
// that thousands of calls cost nothing until somebody looks.
(() => {
  const [PARENT, DEPTH, CALL, TORCH, JITTOR, VERDICT, NOTES, WORST, GROUPS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const TITLES = ["Inputs, whole run", "Outputs, whole run", "Gradients of outputs, whole run",
    "Own code: outputs on Torch's inputs", "Own code: gradients and buffers"];
  const MOST = 400; // rows of a search
  const trees = {};

  const make = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const figure = (value) => value === null ? "–" : value === 0 ? "0" : value.toExponential(1).replace(/e([+-])(\d)$/, "e$10$2");
  const limit = (value) => figure(value).replace(".0e", "e");

  class Tree {
    constructor(box) {
      this.box = box;
      const told = JSON.parse(box.querySelector("script").textContent);
      this.nodes = told.nodes;
      this.verdicts = told.verdicts;
      this.children = told.nodes.map(() => []);
      this.roots = [];
      told.nodes.forEach((node, n) => (node[PARENT] < 0 ? this.roots : this.children[node[PARENT]]).push(n));
      this.open = new Set(told.nodes.length <= 60 ? told.nodes.keys() : [...told.open, ...this.roots]);
      this.shown = new Set(); // those whose figures are shown
      this.flat = null;
      this.body = box.querySelector("tbody");
      this.search = box.querySelector("input");
      this.choice = box.querySelector("select");
      this.told = box.querySelector(".told");
      let waiting = 0;
      this.search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => this.draw(), 120); });
      this.choice.addEventListener("change", () => this.draw());
      box.querySelectorAll("button[data-do]").forEach((button) => button.addEventListener("click", () => {
        this.open = new Set(button.dataset.do === "open" ? this.nodes.keys() : []);
        this.reset();
        this.draw();
      }));
      this.body.addEventListener("click", (event) => this.clicked(event));
      this.body.addEventListener("keydown", (event) => this.pressed(event));
      this.draw();
    }

    reset() { this.search.value = ""; this.choice.value = "tree"; }

    // What is to be shown in place of the tree: a search or a choice; null for the tree.
    chosen() {
      const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const choice = this.choice.value;
      if (!words.length && choice === "tree") return null;
      let found = [...this.nodes.keys()];
      if (words.length) found = found.filter((n) => {
        const [one, other] = [this.nodes[n][TORCH], this.nodes[n][JITTOR] || ["", ""]];
        const text = [one[0] || "(the model)", one[1], other[0], other[1], this.nodes[n][VERDICT]].join(" ").toLowerCase();
        return words.every((word) => text.includes(word));
      });
      if (choice === "bad") found = found.filter((n) => this.nodes[n][VERDICT] !== "equal");
      if (choice === "own" || choice === "whole") {
        const groups = choice === "own" ? [3, 4] : [1, 2];
        const size = (n) => Math.max(...groups.map((g) => {
          const worst = this.worst(n, g);
          return !worst ? -1 : worst[9] ? Infinity : worst[3] ?? (worst[8] ? 0 : Infinity);
        }));
        found = found.map((n) => [size(n), n]).sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : b[0] - a[0])).map((p) => p[1]);
      }
      return found;
    }

    draw() {
      this.flat = this.chosen();
      const rows = document.createDocumentFragment();
      if (this.flat) this.flat.slice(0, MOST).forEach((n) => this.add(rows, n, 0));
      else this.roots.forEach((n) => this.branch(rows, n));
      this.body.replaceChildren(rows);
      const first = this.body.querySelector("tr.call");
      if (first) first.tabIndex = 0;
      this.told.textContent = !this.flat ? "" : this.flat.length > MOST ? `${MOST} of ${this.flat.length} calls shown`
        : `${this.flat.length} call${this.flat.length === 1 ? "" : "s"}`;
    }

    branch(rows, top) {
      const waiting = [top];
      while (waiting.length) {
        const n = waiting.pop();
        this.add(rows, n, this.nodes[n][DEPTH]);
        if (this.open.has(n)) waiting.push(...[...this.children[n]].reverse());
      }
    }

    add(rows, n, depth) {
      rows.append(this.row(n, depth));
      if (this.shown.has(n)) rows.append(this.more(n));
    }

    worst(n, group) {
      const at = this.nodes[n][WORST][group];
      return at < 0 ? null : this.nodes[n][GROUPS][group][at];
    }

    row(n, depth) {
      const node = this.nodes[n], inside = this.children[n].length, tree = !this.flat;
      const [sign, word, meaning] = this.verdicts[node[VERDICT]];
      const row = make("tr", `call ${node[VERDICT]}`);
      row.dataset.n = n;
      row.tabIndex = -1;
      row.setAttribute("role", "row");
      row.setAttribute("aria-level", depth + 1);
      if (inside && tree) row.setAttribute("aria-expanded", this.open.has(n));
      const module = make("td", "module");
      module.style.setProperty("--depth", depth);
      if (tree) {
        const turn = make(inside ? "button" : "span", "turn", inside ? (this.open.has(n) ? "▾" : "▸") : "");
        if (inside) { turn.type = "button"; turn.tabIndex = -1; turn.setAttribute("aria-hidden", "true"); }
        module.append(turn);
      }
      const mark = make("span", `sign ${node[VERDICT]}`, sign);
      mark.title = `${word}: ${meaning}`;
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", word);
      module.append(mark, this.name(n, tree), make("span", "narrow", ` ${node[TORCH][1]}`));
      if (node[CALL]) module.append(make("span", "times", ` call ${node[CALL] + 1}`));
      if (node[NOTES].length) { const flag = make("span", "times", " ✎"); flag.title = node[NOTES].join("\n"); module.append(flag); }
      row.append(module);
      const other = node[JITTOR];
      [node[TORCH][1], other ? other[1] : "–"].forEach((type) => {
        const cell = make("td", "type", type);
        cell.title = type;
        row.append(cell);
      });
      [[3, ""], [4, "grad"], [1, "whole"], [2, "whole grad"]].forEach(([group, name]) => row.append(this.cell(n, group, name)));
      return row;
    }

    name(n, tree) {
      const path = this.nodes[n][TORCH][0], parent = this.nodes[n][PARENT];
      const above = tree && parent >= 0 ? this.nodes[parent][TORCH][0] : "";
      const inner = above && path.startsWith(`${above}.`) ? path.slice(above.length + 1) : path;
      return make("span", "name", inner || "(the model)");
    }

    cell(n, group, name) {
      const worst = this.worst(n, group);
      const cell = make("td", name);
      if (!worst) { cell.append("–", make("span", "limit", "")); return cell; }
      const [what, , , relative, , , , tolerance, ok, problem] = worst;
      const text = problem && !ok ? "differs" : figure(relative);
      // What only carries on an earlier difference is not marked as if the fault lay here.
      const later = group < 3 && ["carried", "rounding", "backward"].includes(this.nodes[n][VERDICT]);
      cell.append(make("span", ok ? "" : later ? "later" : "off", text), make("span", "limit", `/ ${limit(tolerance)}`));
      cell.title = `${what}: ${problem || text}, tolerance ${limit(tolerance)}`;
      return cell;
    }

    more(n) {
      const node = this.nodes[n], row = make("tr", "more"), cell = make("td");
      cell.colSpan = 7;
      const places = [];
      [["Torch", node[TORCH]], ["Jittor", node[JITTOR]]].forEach(([side, half]) => {
        if (!half) { places.push(`${side}: no counterpart`); return; }
        const line = [`${side}: ${half[0] || "(the model)"} (${half[1]})`];
        if (half[2]) line.push(`made at ${half[2][0]}  ${half[2][1]}`);
        if (half[3]) line.push(`code at ${half[3][0]}`);
        places.push(line.join(", "));
      });
      const [, word, meaning] = this.verdicts[node[VERDICT]];
      cell.append(make("p", "", `${word}: ${meaning}.`));
      places.forEach((text) => cell.append(make("p", "", text)));
      if (node[NOTES].length) {
        const list = make("ul");
        node[NOTES].forEach((note) => list.append(make("li", "", note)));
        cell.append(list);
      }
      [3, 4, 1, 2, 0].forEach((group) => {
        if (node[GROUPS][group].length) cell.append(make("h5", "", TITLES[group]), this.table(node[GROUPS][group]));
      });
      row.append(cell);
      return row;
    }

    table(comparisons) {
      const wide = make("div", "wide"), table = make("table"), head = make("tr");
      ["tensor", "shape", "max abs", "max rel", "tolerance", "ulp", "cosine", "outside", ""].forEach((name) => {
        const cell = make("th", "", name);
        cell.scope = "col";
        head.append(cell);
      });
      table.append(make("thead"), make("tbody"));
      table.tHead.append(head);
      comparisons.forEach(([name, shape, abs, relative, ulp, cosine, outside, tolerance, ok, problem]) => {
        const row = make("tr");
        [name, shape.join("×") || "scalar", figure(abs), null, limit(tolerance), ulp === null ? "–" : ulp.toLocaleString("en"),
          cosine === null ? "–" : cosine.toFixed(7), outside === null ? "–" : `${+(outside * 100).toPrecision(3)}%`,
          problem || (ok ? "✓ equal" : "✗ differs")].forEach((text) => {
          if (text !== null) { row.append(make("td", "", text)); return; }
          const cell = make("td");
          cell.append(make("span", ok ? "" : "off", figure(relative)));
          row.append(cell);
        });
        table.tBodies[0].append(row);
      });
      wide.append(table);
      return wide;
    }

    find(n) { return this.body.querySelector(`tr.call[data-n="${n}"]`); }

    focus(row) {
      if (!row) return;
      this.body.querySelectorAll('tr[tabindex="0"]').forEach((other) => { other.tabIndex = -1; });
      row.tabIndex = 0;
      row.focus();
    }

    turn(n, open) {
      if (!this.children[n].length || this.flat || this.open.has(n) === open) return;
      if (open) this.open.add(n); else this.open.delete(n);
      const old = this.find(n), held = document.activeElement === old;
      const level = this.nodes[n][DEPTH];
      let next = old.nextElementSibling;
      while (next && (next.classList.contains("more") || this.nodes[next.dataset.n][DEPTH] > level)) {
        const gone = next;
        next = next.nextElementSibling;
        gone.remove();
      }
      const rows = document.createDocumentFragment();
      this.branch(rows, n);
      const fresh = rows.firstChild;
      fresh.tabIndex = old.tabIndex;
      old.replaceWith(rows);
      if (held) fresh.focus();
    }

    figures(n) {
      const row = this.find(n), next = row.nextElementSibling;
      if (this.shown.delete(n)) { if (next && next.classList.contains("more")) next.remove(); }
      else { this.shown.add(n); row.after(this.more(n)); }
    }

    clicked(event) {
      const row = event.target.closest("tr.call");
      if (!row || String(getSelection())) return;
      const n = +row.dataset.n;
      if (event.target.closest("button.turn")) this.turn(n, !this.open.has(n));
      else this.figures(n);
      this.focus(this.find(n));
    }

    pressed(event) {
      const row = event.target.closest("tr.call");
      if (!row || event.target !== row) return;
      const n = +row.dataset.n;
      const step = (way) => {
        let next = row[way];
        while (next && !next.classList.contains("call")) next = next[way];
        this.focus(next);
      };
      const does = {
        ArrowDown: () => step("nextElementSibling"),
        ArrowUp: () => step("previousElementSibling"),
        ArrowRight: () => (this.open.has(n) || this.flat ? step("nextElementSibling") : this.turn(n, true)),
        ArrowLeft: () => (this.open.has(n) && this.children[n].length && !this.flat ? this.turn(n, false)
          : this.focus(this.find(this.nodes[n][PARENT]))),
        Enter: () => this.figures(n),
        " ": () => this.figures(n),
        Home: () => this.focus(this.body.querySelector("tr.call")),
        End: () => this.focus([...this.body.querySelectorAll("tr.call")].pop()),
      }[event.key];
      if (does) { event.preventDefault(); does(); }
    }

    jump(n) {
      this.reset();
      for (let up = this.nodes[n][PARENT]; up >= 0; up = this.nodes[up][PARENT]) this.open.add(up);
      this.shown.add(n);
      this.draw();
      for (let box = this.box.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
      const row = this.find(n);
      this.focus(row);
      row.scrollIntoView({ block: "center" });
      row.classList.add("flash");
    }
  }

  class Picture {
    constructor(box) {
      this.box = box;
      this.svg = box.querySelector("svg");
      this.told = JSON.parse(box.querySelector("script").textContent);
      this.line = box.querySelector(".cursor");
      this.at = -1;
      this.hover = document.getElementById("hover");
      box.addEventListener("pointermove", (event) => this.show(this.nearest(event.clientX), event));
      box.addEventListener("pointerleave", () => this.hide());
      box.addEventListener("blur", () => this.hide());
      box.addEventListener("click", () => this.jump());
      box.addEventListener("keydown", (event) => {
        const last = this.told.steps - 1;
        const next = { ArrowRight: this.at + 1, ArrowLeft: this.at - 1, Home: 0, End: last }[event.key];
        if (next !== undefined) { event.preventDefault(); this.show(Math.max(0, Math.min(last, next))); }
        if (event.key === "Enter") this.jump();
        if (event.key === "Escape") this.hide();
      });
    }

    place(at) { return this.told.left + (this.told.steps === 1 ? 0.5 : at / (this.told.steps - 1)) * this.told.wide; }

    nearest(clientX) {
      const box = this.svg.getBoundingClientRect();
      const x = ((clientX - box.left) / box.width) * this.told.width;
      return Math.max(0, Math.min(this.told.steps - 1, Math.round(((x - this.told.left) / this.told.wide) * (this.told.steps - 1))));
    }

    show(at, event) {
      const x = this.place(at), box = this.svg.getBoundingClientRect();
      if (at !== this.at) {
        this.at = at;
        this.line.setAttribute("x1", x);
        this.line.setAttribute("x2", x);
        this.line.setAttribute("visibility", "visible");
        const table = make("table");
        this.told.series.forEach((series) => {
          if (series.values[at] === undefined) return;
          const row = make("tr"), name = make("td");
          name.append(make("i", series.style), series.name);
          row.append(name, make("td", "", series.values[at]), make("td", "", (series.note || [])[at] || ""));
          table.append(row);
        });
        this.hover.replaceChildren(make("b", "", this.told.names[at] ?? `step ${at + 1}`), table);
        this.hover.hidden = false;
      }
      const left = box.left + (x / this.told.width) * box.width;
      const right = left > innerWidth * 0.55;
      this.hover.style.left = `${scrollX + Math.max(4, right ? left - this.hover.offsetWidth - 14 : left + 14)}px`;
      this.hover.style.top = `${scrollY + (event ? event.clientY : box.top) + 14}px`;
    }

    hide() { this.at = -1; this.hover.hidden = true; this.line.setAttribute("visibility", "hidden"); }

    jump() {
      const tree = trees[this.box.dataset.tree], n = this.told.jumps[this.at];
      if (tree && n !== undefined) { this.hide(); tree.jump(n); }
    }
  }

  document.querySelectorAll(".tree").forEach((box) => { trees[box.id] = new Tree(box); });
  document.querySelectorAll(".canvas").forEach((box) => new Picture(box));
  // A link to what is folded away unfolds it.
  document.querySelectorAll('a[href^="#"]').forEach((link) => link.addEventListener("click", () => {
    const goal = document.getElementById(link.getAttribute("href").slice(1));
    for (let box = goal && goal.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  }));
  document.querySelectorAll("a[data-jump]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    trees[link.dataset.tree].jump(+link.dataset.jump);
  }));
})();
