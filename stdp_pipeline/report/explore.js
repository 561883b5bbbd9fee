"use strict";
// The page's behaviour. No library, nothing is loaded: all data is in the element #data, see explore.py.
//
// Words: a row is a point of a map; its id is the number of its image or neuron. Unit coordinates lie in 0..1, the
// longer side of a map filling the range. A paint is what a map needs to draw its points: colours, order, who is shown.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);

  const state = {
    network: 0, // index
    features: 0, // index among the network's features
    colour: "", // name of the colouring
    filter: null, // {colour, chosen: Set of categories}: all others are pale
    hover: null, // {kind: "images" | "neurons", id}
    pinned: null,
    time: 0, // index of the checkpoint; between two while playing
    playing: false,
    chosenLabels: new Set(), // filter of the trajectories
  };

  // ---- small helpers ------------------------------------------------------------------------------------------------

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f"); // 10 000, with narrow spaces
  const short = (x) => (Number.isInteger(x) ? grouped(x) : x.toFixed(Math.abs(x) < 10 ? 2 : 1));
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

  // Do a job before the next frame, once, however often it was asked for.
  const jobs = new Map();
  function later(key, job) {
    if (!jobs.size)
      requestAnimationFrame(() => {
        const due = [...jobs.values()];
        jobs.clear();
        for (const one of due) one();
      });
    jobs.set(key, job);
  }

  const caches = new WeakMap();
  function cached(owner, key, make) {
    if (!caches.has(owner)) caches.set(owner, new Map());
    const mine = caches.get(owner);
    if (!mine.has(key)) mine.set(key, make());
    return mine.get(key);
  }

  // ---- data ---------------------------------------------------------------------------------------------------------

  const TYPES = { int8: Int8Array, int16: Int16Array, int32: Int32Array, uint16: Uint16Array, float32: Float32Array };
  const MISSING = 65535;

  function values(ref) {
    return cached(ref, "values", () => {
      const text = atob(data.blobs[ref.blob]);
      const bytes = new Uint8Array(text.length);
      for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
      return new TYPES[ref.type](bytes.buffer);
    });
  }

  const decoding = new Map(); // several networks may share a sheet
  function sheetImage(sheet) {
    if (!decoding.has(sheet.blob)) {
      const image = new Image();
      image.src = "data:image/png;base64," + data.blobs[sheet.blob];
      image.onload = () => later("panel", showPanel);
      decoding.set(sheet.blob, image);
    }
    return decoding.get(sheet.blob);
  }

  // Draw pictures of a sheet side by side, pixel by pixel; CSS enlarges the canvas.
  function drawPictures(canvas, sheet, ids, perRow) {
    const { width, height, columns } = sheet;
    canvas.width = width * Math.min(ids.length, perRow);
    canvas.height = height * Math.ceil(ids.length / perRow);
    const image = sheetImage(sheet);
    if (!image.complete) return; // its onload comes back here
    const context = canvas.getContext("2d");
    ids.forEach((id, k) => {
      const [row, column] = [Math.floor(id / columns), id % columns];
      const [left, top] = [(k % perRow) * width, Math.floor(k / perRow) * height];
      context.drawImage(image, column * width, row * height, width, height, left, top, width, height);
    });
  }

  // Quantised pairs to unit coordinates; NaN for rows that were left out.
  function unit(ref) {
    return cached(ref, "unit", () => {
      const steps = values(ref);
      const n = steps.length / 2;
      const most = [1, 1];
      for (let k = 0; k < steps.length; k++) if (steps[k] !== MISSING) most[k % 2] = Math.max(most[k % 2], steps[k]);
      const side = Math.max(...most);
      const [x, y] = [new Float32Array(n), new Float32Array(n)];
      for (let k = 0; k < n; k++) {
        const missing = steps[2 * k] === MISSING;
        x[k] = missing ? NaN : 0.5 + (steps[2 * k] - most[0] / 2) / side;
        y[k] = missing ? NaN : 0.5 + (steps[2 * k + 1] - most[1] / 2) / side;
      }
      return { x, y };
    });
  }

  const network = () => data.networks[state.network];
  const features = () => network().features[state.features];

  function imagesWon(net) {
    return cached(net, "won", () => {
      const won = Array.from({ length: net.fields.n }, () => []);
      values(net.winner).forEach((neuron, image) => neuron >= 0 && won[neuron].push(image));
      return won;
    });
  }

  // The points of a map of this kind that belong to a selection: itself, an image's winner, a neuron's images.
  function idsOf(selection, kind) {
    if (!selection) return [];
    if (selection.kind === kind) return [selection.id];
    if (kind === "images") return imagesWon(network())[selection.id];
    const winner = values(network().winner)[selection.id];
    return winner < 0 ? [] : [winner];
  }

  // ---- colours ------------------------------------------------------------------------------------------------------

  const channels = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

  // Categories: {list: [{name, colour, count}], of: category of each row, named: whether maps show the names}.
  function categories(list, of, named) {
    for (const one of list) one.count = 0;
    for (const c of of) list[c].count++;
    return { list, of, named };
  }

  function byClass(net, ref, none) {
    const list = net.classes.map(({ name, colour }) => ({ name, colour }));
    list.push({ name: none, colour: data.colours.none, unnamed: true });
    return categories(
      list,
      Int16Array.from(values(ref), (c) => (c < 0 ? list.length - 1 : c)),
      true,
    );
  }

  function verdicts(net) {
    const [labels, predictions] = [values(net.labels), values(net.predictions)];
    const { right, wrong, silent } = data.colours;
    const list = [
      { name: "right", colour: right },
      { name: "wrong", colour: wrong, front: true },
      { name: "no prediction", colour: silent, front: true },
    ];
    return categories(
      list,
      Int16Array.from(labels, (c, k) => (predictions[k] < 0 ? 2 : Number(predictions[k] !== c))),
      false,
    );
  }

  // Scales end at the 2nd and 98th percentile, so that a few extremes do not take all colours.
  function scaled(all, unitName) {
    const known = Float32Array.from(all).filter(Number.isFinite).sort();
    const at = (share) => known[Math.round(share * (known.length - 1))] ?? 0;
    const [low, high] = [at(0.02), at(0.98)];
    return { values: all, low, high, least: at(0), most: at(1), missing: all.length - known.length, unit: unitName };
  }

  const COLOURINGS = {
    images: {
      class: (net) => byClass(net, net.labels, "no class"),
      prediction: (net) => byClass(net, net.predictions, "no prediction"),
      "right or wrong": verdicts,
      spikes: (net) => scaled(values(net.n_spikes), ""),
      "first spike": (net) => scaled(values(net.first_spike_ms), " ms"),
    },
    neurons: {
      label: (net) => byClass(net, net.field_labels, "no label"),
      "images won": (net) =>
        scaled(
          imagesWon(net).map((images) => images.length),
          "",
        ),
    },
  };
  const colouring = (name) => cached(network(), name, () => COLOURINGS[features().rows][name](network()));

  function scaleColour(scale, x) {
    if (!Number.isFinite(x)) return channels(data.colours.none);
    const stops = data.colours.scale;
    const place = clamp((x - scale.low) / (scale.high - scale.low || 1), 0, 1) * (stops.length - 1);
    return channels(stops[Math.round(place)]);
  }

  // Which rows a filter leaves: null for all.
  function shownBy(found, chosen) {
    return chosen.size ? Uint8Array.from(found.of, (c) => Number(chosen.has(c))) : null;
  }

  // A fixed shuffle, so that no class lies on top of all others.
  const shuffles = {};
  function shuffle(n) {
    if (shuffles[n]) return shuffles[n];
    const order = Int32Array.from({ length: n }, (_, k) => k);
    let random = 1;
    for (let k = n - 1; k > 0; k--) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
      const other = Math.floor((random / 2 ** 32) * (k + 1));
      [order[k], order[other]] = [order[other], order[k]];
    }
    return (shuffles[n] = order);
  }

  function paintOf(found, shown) {
    const n = (found.of ?? found.values).length;
    const rgb = new Uint8Array(3 * n);
    const colours = found.list?.map((one) => channels(one.colour));
    for (let row = 0; row < n; row++)
      rgb.set(colours ? colours[found.of[row]] : scaleColour(found, found.values[row]), 3 * row);
    let order = shuffle(n);
    if (found.list?.some((one) => one.front)) {
      const isFront = (row) => Number(found.list[found.of[row]].front ?? false);
      order = Int32Array.from([...order].sort((a, b) => isFront(a) - isFront(b)));
    }
    return { found, rgb, order, shown };
  }

  // ---- a map --------------------------------------------------------------------------------------------------------

  const MARGIN = 12; // CSS pixels
  const REACH = 12; // how far from a dot the pointer may be
  const PALE = channels("#e4e6ea");

  class Scatter {
    // plot: element that the canvases fill; kind: what a row is; ids: of the rows, null if a row's number is its id.
    constructor(plot, kind, ids = null) {
      this.kind = kind;
      this.ids = ids;
      this.rows = ids && new Map(Array.from(ids, (id, row) => [id, row]));
      this.base = element("canvas");
      this.top = element("canvas", { className: "top", tabIndex: 0 });
      plot.append(this.base, this.top);
      this.reset();
      this.width = this.height = 0;
      new ResizeObserver(() => this.resize(plot)).observe(plot);
    }

    reset() {
      Object.assign(this, { zoom: 1, cx: 0.5, cy: 0.5 });
    }

    resize(plot) {
      this.ratio = window.devicePixelRatio || 1;
      [this.width, this.height] = [plot.clientWidth, plot.clientHeight];
      for (const canvas of [this.base, this.top]) {
        canvas.width = Math.round(this.width * this.ratio);
        canvas.height = Math.round(this.height * this.ratio);
      }
      this.pixels = null;
      later(this, () => this.redraw());
    }

    // Set the unit coordinates of all rows, and sort them into the cells of a grid.
    place(x, y) {
      Object.assign(this, { x, y });
      const n = x.length;
      const side = clamp(Math.ceil(Math.sqrt(n / 4)), 1, 128);
      const cell = (row) =>
        Math.min(side - 1, Math.floor(y[row] * side)) * side + Math.min(side - 1, Math.floor(x[row] * side));
      const starts = new Int32Array(side * side + 1);
      for (let row = 0; row < n; row++) if (x[row] === x[row]) starts[cell(row) + 1]++;
      for (let k = 0; k < side * side; k++) starts[k + 1] += starts[k];
      const sorted = new Int32Array(starts[side * side]);
      const next = starts.slice();
      for (let row = 0; row < n; row++) if (x[row] === x[row]) sorted[next[cell(row)]++] = row;
      this.grid = { side, starts, sorted };
    }

    get scale() {
      return this.zoom * (Math.min(this.width, this.height) - 2 * MARGIN);
    }

    // CSS pixels of a row within the plot.
    at(row) {
      return [
        this.width / 2 + (this.x[row] - this.cx) * this.scale,
        this.height / 2 - (this.y[row] - this.cy) * this.scale,
      ];
    }

    rowOf(id) {
      return this.rows ? (this.rows.get(id) ?? -1) : id;
    }

    // The shown row next to a place in CSS pixels, -1 if none is within reach.
    nearest(px, py) {
      const ux = this.cx + (px - this.width / 2) / this.scale;
      const uy = this.cy - (py - this.height / 2) / this.scale;
      const { side, starts, sorted } = this.grid;
      const reach = REACH / this.scale;
      const range = (u) => [
        clamp(Math.floor((u - reach) * side), 0, side - 1),
        clamp(Math.floor((u + reach) * side), 0, side - 1),
      ];
      const [left, right] = range(ux);
      const [low, high] = range(uy);
      let [best, found] = [reach * reach, -1];
      for (let j = low; j <= high; j++)
        for (let k = starts[j * side + left]; k < starts[j * side + right + 1]; k++) {
          const row = sorted[k];
          const distance = (this.x[row] - ux) ** 2 + (this.y[row] - uy) ** 2;
          if (distance < best && (!this.paint.shown || this.paint.shown[row])) [best, found] = [distance, row];
        }
      return found;
    }

    // Zoom about a place in CSS pixels. False if the whole map is shown already and stays so.
    zoomBy(factor, px, py) {
      const zoom = clamp(this.zoom * factor, 1, 60);
      if (zoom === 1) {
        if (this.zoom === 1) return false;
        this.reset();
      } else {
        const before = this.scale;
        this.zoom = zoom;
        const shift = 1 / before - 1 / this.scale;
        this.cx += (px - this.width / 2) * shift;
        this.cy -= (py - this.height / 2) * shift;
      }
      later(this, () => this.redraw());
      return true;
    }

    pan(dx, dy) {
      this.cx = clamp(this.cx - dx / this.scale, 0, 1);
      this.cy = clamp(this.cy + dy / this.scale, 0, 1);
      later(this, () => this.redraw());
    }

    get radius() {
      const room = (Math.min(this.width, this.height) / Math.sqrt(this.x.length)) * 0.5;
      return clamp(room, 1.1, 3.4) * Math.min(2.4, this.zoom ** 0.4);
    }

    redraw() {
      if (!this.width || !this.paint) return;
      this.drawPoints();
      this.drawNames();
      this.mark();
    }

    // Blend a small disc for each row into the pixels. Quicker than a canvas' own arcs where there are 10 000.
    drawPoints() {
      const context = this.base.getContext("2d");
      const [w, h] = [this.base.width, this.base.height];
      this.pixels ??= context.createImageData(w, h);
      const buffer = this.pixels.data;
      buffer.fill(255);
      const { rgb, order, shown } = this.paint;
      const radius = Math.round(10 * this.radius * this.ratio) / 10; // few different discs
      const alpha = this.x.length > 2000 ? 0.75 : 0.88;
      const stamps = discs(radius, alpha);
      const [scale, left, top] = [
        this.scale * this.ratio,
        w / 2 - this.cx * this.scale * this.ratio,
        h / 2 + this.cy * this.scale * this.ratio,
      ];
      const reach = stamps.size / 2;
      const blend = (row, r, g, b) => {
        const px = left + this.x[row] * scale - reach;
        const py = top - this.y[row] * scale - reach;
        if (!(px > 0 && py > 0 && px + stamps.size + 1 < w && py + stamps.size + 1 < h)) return; // NaN, too
        const [ix, iy] = [Math.floor(px), Math.floor(py)];
        const disc = stamps.list[Math.floor((py - iy) * 4) * 4 + Math.floor((px - ix) * 4)];
        for (let j = 0, k = 0; j < stamps.size; j++)
          for (let i = 0, at = 4 * ((iy + j) * w + ix); i < stamps.size; i++, k++, at += 4) {
            const a = disc[k];
            if (a === 0) continue;
            buffer[at] += (r - buffer[at]) * a;
            buffer[at + 1] += (g - buffer[at + 1]) * a;
            buffer[at + 2] += (b - buffer[at + 2]) * a;
          }
      };
      if (shown) for (const row of order) if (!shown[row]) blend(row, ...PALE);
      for (const row of order) if (!shown || shown[row]) blend(row, rgb[3 * row], rgb[3 * row + 1], rgb[3 * row + 2]);
      context.putImageData(this.pixels, 0, 0);
    }

    // Names of classes at the medians of their points, or beside them where others are, with a line that leads there.
    drawNames() {
      const { found } = this.paint;
      this.names = []; // those drawn: centres and sizes, in CSS pixels
      if (!found.named || !$("names").checked) return;
      this.anchors ??= anchors(this);
      const context = this.base.getContext("2d");
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      Object.assign(context, { font: "600 12px system-ui, sans-serif", textAlign: "center", textBaseline: "middle" });
      Object.assign(context, { lineJoin: "round", lineWidth: 3.5, strokeStyle: "#ffffffd9", fillStyle: "#22262d" });
      const boxes = this.anchors
        .map(({ name, x, y }) => {
          const [px, py] = [this.width / 2 + (x - this.cx) * this.scale, this.height / 2 - (y - this.cy) * this.scale];
          return { name, px, py, x: px, y: py, width: context.measureText(name).width + 4, height: 14 };
        })
        .filter(({ px, py }) => px >= 0 && py >= 0 && px <= this.width && py <= this.height);
      this.names = spread(boxes, this.width, this.height);
      context.save();
      Object.assign(context, { lineWidth: 1, strokeStyle: "#22262d" });
      context.beginPath();
      for (const { px, py, x, y } of this.names)
        if (Math.hypot(x - px, y - py) > 8) (context.moveTo(px, py), context.lineTo(x, y));
      context.stroke();
      context.restore();
      for (const { name, x, y } of this.names) {
        context.strokeText(name, x, y);
        context.fillText(name, x, y);
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
    }

    draw(paint) {
      this.paint = paint;
      this.anchors = null;
      later(this, () => this.redraw());
    }

    // Mark the points under the pointer and the pinned ones, on a canvas of their own.
    mark() {
      if (!this.width) return;
      const context = this.top.getContext("2d");
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      for (const [selection, isPin] of [
        [state.pinned, true],
        [state.hover, false],
      ]) {
        const rows = idsOf(selection, this.kind)
          .map((id) => this.rowOf(id))
          .filter((row) => row >= 0);
        if (selection?.kind === this.kind && rows.length) this.ring(context, rows[0], isPin);
        else if (this.kind === "neurons" && rows.length) this.ring(context, rows[0], isPin);
        else this.dots(context, rows);
      }
    }

    ring(context, row, isPin) {
      const [x, y] = this.at(row);
      if (Number.isNaN(x)) {
        Object.assign(context, { font: "12px system-ui, sans-serif", fillStyle: "#5d6470", textAlign: "left" });
        context.fillText("left out of this map", 6, this.height - 8);
        return;
      }
      const r = Math.max(6, this.radius + 3);
      context.beginPath();
      context.arc(x, y, r, 0, 2 * Math.PI);
      if (isPin)
        for (const [dx, dy] of [
          [1, 0],
          [-1, 0],
          [0, 1],
          [0, -1],
        ]) {
          context.moveTo(x + dx * r, y + dy * r);
          context.lineTo(x + dx * (r + 6), y + dy * (r + 6));
        }
      for (const [width, colour] of [
        [5, "#ffffff"],
        [2, "#22262d"],
      ]) {
        Object.assign(context, { lineWidth: width, strokeStyle: colour });
        context.stroke();
      }
    }

    dots(context, rows) {
      context.fillStyle = "#22262d";
      const r = Math.max(1.6, this.radius);
      context.beginPath();
      for (const row of rows) {
        const [x, y] = this.at(row);
        if (Number.isNaN(x)) continue;
        context.moveTo(x + r, y);
        context.arc(x, y, r, 0, 2 * Math.PI);
      }
      context.fill();
    }

    // Where an image or a neuron is in the window, for tests.
    clientPoint(id) {
      const [x, y] = this.at(this.rowOf(id));
      const box = this.top.getBoundingClientRect();
      return { x: box.left + x, y: box.top + y };
    }
  }

  // Coverage of a disc's pixels at 4 x 4 places within a pixel.
  const discCache = {};
  function discs(radius, alpha) {
    const key = `${radius} ${alpha}`;
    if (discCache[key]) return discCache[key];
    const size = Math.ceil(2 * radius) + 2;
    const list = [];
    for (let sub = 0; sub < 16; sub++) {
      const [cx, cy] = [(size - 1) / 2 + ((sub % 4) + 0.5) / 4, (size - 1) / 2 + (Math.floor(sub / 4) + 0.5) / 4];
      const disc = new Float32Array(size * size);
      for (let k = 0; k < disc.length; k++) {
        const distance = Math.hypot((k % size) - cx + 0.5, Math.floor(k / size) - cy + 0.5);
        disc[k] = alpha * clamp(radius + 0.5 - distance, 0, 1);
      }
      list.push(disc);
    }
    return (discCache[key] = { size, list });
  }

  function anchors(scatter) {
    const { found, shown } = scatter.paint;
    const groups = found.list.map(() => [[], []]);
    for (let row = 0; row < scatter.x.length; row++) {
      if ((shown && !shown[row]) || scatter.x[row] !== scatter.x[row]) continue;
      groups[found.of[row]][0].push(scatter.x[row]);
      groups[found.of[row]][1].push(scatter.y[row]);
    }
    const median = (list) => Float32Array.from(list).sort()[list.length >> 1];
    return found.list
      .map(({ name, unnamed }, c) => ({ name, unnamed, x: median(groups[c][0]), y: median(groups[c][1]) }))
      .filter((one) => !one.unnamed && one.x !== undefined);
  }

  // How far two boxes reach into each other, across and down; both above 0 where they overlap.
  const shared = (a, b) => [
    (a.width + b.width) / 2 - Math.abs(a.x - b.x),
    (a.height + b.height) / 2 - Math.abs(a.y - b.y),
  ];

  // Push boxes apart, a little at a time, and keep them within a plot. Where there is no room, later ones are left out.
  function spread(boxes, width, height) {
    const inside = (box) => {
      box.x = clamp(box.x, Math.min(box.width, width) / 2, Math.max(width - box.width / 2, width / 2));
      box.y = clamp(box.y, box.height / 2, height - box.height / 2);
    };
    boxes.forEach(inside);
    let moves = true;
    for (let round = 0; moves && round < 100; round++) {
      moves = false;
      for (let j = 1; j < boxes.length; j++)
        for (let i = 0; i < j; i++) {
          const [a, b] = [boxes[i], boxes[j]];
          const [across, down] = shared(a, b);
          if (across <= 0 || down <= 0) continue;
          moves = true;
          // Along the line through their centres, in units of the distances at which they no longer overlap.
          let [x, y] = [(2 * (b.x - a.x)) / (a.width + b.width), (2 * (b.y - a.y)) / (a.height + b.height)];
          const apart = Math.max(Math.abs(x), Math.abs(y));
          if (apart < 0.01) [x, y] = [Math.cos(2.4 * j), Math.sin(2.4 * j)]; // one on the other: each pair its own way
          const step = (1.02 - apart) / Math.max(Math.abs(x), Math.abs(y)) / 2;
          a.x -= (step * x * (a.width + b.width)) / 2;
          b.x += (step * x * (a.width + b.width)) / 2;
          a.y -= (step * y * (a.height + b.height)) / 2;
          b.y += (step * y * (a.height + b.height)) / 2;
          inside(a);
          inside(b);
        }
    }
    const kept = [];
    for (const box of boxes) if (!kept.some((other) => Math.min(...shared(box, other)) > 0)) kept.push(box);
    return kept;
  }

  // A map of trajectories: few points, which move, with trails.
  class Paths extends Scatter {
    constructor(plot, ids, coordinates) {
      super(plot, "neurons", ids);
      this.all = unit(coordinates);
      this.n = ids.length;
      this.go();
    }

    // Unit coordinates of a row at any time.
    when(row, time) {
      const [before, share] = [Math.floor(time), time % 1];
      const [a, b] = [before * this.n + row, (before + (share ? 1 : 0)) * this.n + row];
      return [
        this.all.x[a] + share * (this.all.x[b] - this.all.x[a]),
        this.all.y[a] + share * (this.all.y[b] - this.all.y[a]),
      ];
    }

    go() {
      const [x, y] = [new Float32Array(this.n), new Float32Array(this.n)];
      for (let row = 0; row < this.n; row++) [x[row], y[row]] = this.when(row, state.time);
      this.place(x, y);
    }

    pixel(x, y) {
      return [this.width / 2 + (x - this.cx) * this.scale, this.height / 2 - (y - this.cy) * this.scale];
    }

    trace(path, row, from, to) {
      path.moveTo(...this.pixel(...this.when(row, from)));
      for (let time = Math.floor(from) + 1; time < to; time++) path.lineTo(...this.pixel(...this.when(row, time)));
      path.lineTo(...this.pixel(...this.when(row, to)));
    }

    drawPoints() {
      const context = this.base.getContext("2d");
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      Object.assign(context, { fillStyle: "#ffffff", lineWidth: 1, lineJoin: "round" });
      context.fillRect(0, 0, this.width, this.height);
      const { found, shown, order } = this.paint;
      const colourOf = (row) => (shown && !shown[row] ? "#e4e6ea" : found.list[found.of[row]].colour);
      const [trails, circles] = [new Map(), new Map()];
      for (const row of order) {
        const colour = colourOf(row);
        if (!circles.has(colour)) (circles.set(colour, new Path2D()), trails.set(colour, new Path2D()));
        const [x, y] = this.at(row);
        circles.get(colour).moveTo(x + this.radius, y);
        circles.get(colour).arc(x, y, this.radius, 0, 2 * Math.PI);
        if ($("trails").checked && !(shown && !shown[row])) this.trace(trails.get(colour), row, 0, state.time);
      }
      context.globalAlpha = 0.28;
      for (const [colour, path] of trails) ((context.strokeStyle = colour), context.stroke(path));
      context.globalAlpha = 0.9;
      for (const [colour, path] of circles) ((context.fillStyle = colour), context.fill(path));
      context.globalAlpha = 1;
      context.setTransform(1, 0, 0, 1, 0, 0);
      this.anchors = null; // the points moved
    }

    // The whole way of a marked neuron: what lies ahead is dashed.
    ring(context, row, isPin) {
      const [past, ahead] = [new Path2D(), new Path2D()];
      this.trace(past, row, 0, state.time);
      this.trace(ahead, row, state.time, network().training.images_seen.length - 1);
      for (const [width, colour] of [
        [4, "#ffffff"],
        [1.6, "#22262d"],
      ]) {
        Object.assign(context, { lineWidth: width, strokeStyle: colour, lineJoin: "round" });
        context.stroke(past);
        context.setLineDash([3, 3]);
        context.stroke(ahead);
        context.setLineDash([]);
      }
      super.ring(context, row, isPin);
    }
  }

  // ---- pointer, wheel and keys --------------------------------------------------------------------------------------

  let scrolledAt = -Infinity;
  window.addEventListener("scroll", () => (scrolledAt = performance.now()), { passive: true });

  function listen(scatter) {
    const { top } = scatter;
    // CSS pixels within the map, with fractions, which offsetX lacks.
    const local = (event) => {
      const box = top.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const found = (event) => {
      const row = scatter.nearest(...local(event));
      return row < 0 ? null : { kind: scatter.kind, id: scatter.ids ? scatter.ids[row] : row };
    };
    let drag = null;
    top.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      top.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, y: event.clientY, moved: false };
    });
    top.addEventListener("pointermove", (event) => {
      if (!drag) return later("hover", () => select("hover", found(event)));
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < 4) return; // a click with an unsteady hand
      drag = { x: event.clientX, y: event.clientY, moved: true };
      top.classList.add("moving");
      scatter.pan(dx, dy);
    });
    top.addEventListener("pointerup", (event) => {
      if (drag && !drag.moved) select("pinned", found(event));
      drag = null;
      top.classList.remove("moving");
    });
    top.addEventListener("pointercancel", () => (drag = null));
    top.addEventListener("pointerleave", () => later("hover", () => select("hover", null)));
    top.addEventListener("dblclick", () => {
      scatter.reset();
      later(scatter, () => scatter.redraw());
    });
    top.addEventListener(
      "wheel",
      (event) => {
        // A page that is being scrolled goes on scrolling when a map comes under the pointer.
        if (performance.now() - scrolledAt < 250) return;
        const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 18 * event.deltaY : event.deltaY;
        if (scatter.zoomBy(Math.exp(-0.0016 * pixels), ...local(event))) event.preventDefault();
      },
      { passive: false },
    );
    top.addEventListener("keydown", (event) => {
      const [w, h] = [scatter.width, scatter.height];
      const moves = { ArrowLeft: [w / 8, 0], ArrowRight: [-w / 8, 0], ArrowUp: [0, h / 8], ArrowDown: [0, -h / 8] };
      if (event.key === "+" || event.key === "=") scatter.zoomBy(1.4, w / 2, h / 2);
      else if (event.key === "-") scatter.zoomBy(1 / 1.4, w / 2, h / 2);
      else if (event.key in moves && scatter.zoom > 1) scatter.pan(...moves[event.key]);
      else return;
      event.preventDefault();
    });
  }

  const everyMap = () => [...explore.maps, ...explore.paths];

  function select(which, selection) {
    const before = state[which];
    if (before?.kind === selection?.kind && before?.id === selection?.id) return;
    state[which] = selection;
    for (const scatter of everyMap()) scatter.mark();
    showPanel();
  }

  // ---- panel --------------------------------------------------------------------------------------------------------

  const swatch = (colour) => {
    const dot = element("i");
    dot.style.background = colour;
    return dot;
  };

  function className(net, c, none) {
    return c < 0 ? none : element("span", {}, swatch(net.classes[c].colour), ` ${net.classes[c].name}`);
  }

  function showFacts(facts) {
    $("facts").replaceChildren(
      ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    );
  }

  function showImage(net, id) {
    drawPictures($("picture"), net.images, [id], 1);
    const [label, prediction, winner] = [net.labels, net.predictions, net.winner].map((ref) => values(ref)[id]);
    const first = values(net.first_spike_ms)[id];
    const facts = [
      ["class", className(net, label, "none")],
      ["prediction", className(net, prediction, "none")],
      ["spikes", grouped(values(net.n_spikes)[id])],
      ["first spike", Number.isNaN(first) ? "none" : `${short(first)} ms`],
    ];
    if (prediction >= 0) facts.splice(2, 0, ["verdict", element("b", {}, prediction === label ? "right" : "wrong")]);
    showFacts(facts);
    $("second-title").replaceChildren(
      ...(winner < 0
        ? ["No neuron fired"]
        : [`Winner: neuron ${winner}, label `, className(net, values(net.field_labels)[winner], "none")]),
    );
    $("second-picture").hidden = winner < 0;
    $("second-picture").classList.remove("strip");
    if (winner >= 0) drawPictures($("second-picture"), net.fields, [winner], 1);
    const by = net.readout ? ` (readout ${net.readout})` : "";
    $("vote").textContent = `The prediction is the vote of all neurons${by}, not that of the winner alone.`;
  }

  function showNeuron(net, id) {
    drawPictures($("picture"), net.fields, [id], 1);
    const won = imagesWon(net)[id];
    const counts = new Map();
    for (const image of won) counts.set(values(net.labels)[image], (counts.get(values(net.labels)[image]) ?? 0) + 1);
    const most = [...counts].sort((a, b) => b[1] - a[1])[0];
    const facts = [
      ["label", className(net, values(net.field_labels)[id], "none")],
      ["images won", grouped(won.length)],
    ];
    if (most)
      facts.push([
        "mostly",
        element("span", {}, className(net, most[0], "no class"), `, ${Math.round((100 * most[1]) / won.length)} %`),
      ]);
    showFacts(facts);
    $("second-title").textContent = won.length
      ? `Images it won${won.length > 12 ? " (first 12)" : ""}`
      : "It won no image";
    $("second-picture").hidden = !won.length;
    $("second-picture").classList.add("strip");
    if (won.length) drawPictures($("second-picture"), net.images, won.slice(0, 12), 4);
  }

  function showPanel() {
    const selection = state.hover ?? state.pinned;
    $("about").hidden = !selection;
    $("hint").hidden = !!selection;
    if (!selection) return;
    const { kind, id } = selection;
    $("what").textContent = `${kind === "images" ? "Image" : "Neuron"} ${id}`;
    $("pinned").hidden = selection !== state.pinned;
    $("vote").hidden = kind !== "images";
    (kind === "images" ? showImage : showNeuron)(network(), id);
  }

  // ---- legends ------------------------------------------------------------------------------------------------------

  // A button for each category. Click: only this one, or all again; with Shift or Ctrl: this one, too.
  function categoryButtons(found, chosen, changed) {
    return found.list.flatMap(({ name, colour, count }, c) => {
      if (!count) return [];
      const button = element("button", { type: "button" }, swatch(colour), name, element("small", {}, grouped(count)));
      button.setAttribute("aria-pressed", chosen.has(c));
      button.classList.toggle("off", chosen.size > 0 && !chosen.has(c));
      button.title = "Show only these; with Shift, these as well";
      button.addEventListener("click", (event) => {
        const next = new Set(event.shiftKey || event.ctrlKey || event.metaKey ? chosen : []);
        const alone = chosen.size === 1 && chosen.has(c);
        if (next.has(c)) next.delete(c);
        else if (!alone) next.add(c);
        changed(next);
      });
      return [button];
    });
  }

  function scaleLegend(scale) {
    const bar = element("b");
    bar.style.background = `linear-gradient(to right, ${data.colours.scale.join(",")})`;
    const { low, high, least, most, unit: unitName } = scale;
    const middle =
      Number.isInteger(low) && Number.isInteger(high) && high - low > 20
        ? Math.round((low + high) / 2)
        : (low + high) / 2;
    const shown = element("span", { className: "scale" }, bar);
    shown.append(
      element("span", {}, (least < low ? "≤ " : "") + short(low) + unitName),
      element("span", {}, short(middle) + unitName),
      element("span", {}, (most > high ? "≥ " : "") + short(high) + unitName),
    );
    const parts = [shown];
    if (scale.missing) parts.push(swatch(data.colours.none), `none ${grouped(scale.missing)}`);
    return parts;
  }

  function showLegend() {
    const found = colouring(state.colour);
    const { filter } = state;
    const parts = [element("span", { className: "title" }, state.colour)];
    if (found.list) {
      parts.push(
        ...categoryButtons(found, filter?.colour === state.colour ? filter.chosen : new Set(), (chosen) =>
          setFilter(state.colour, chosen),
        ),
      );
    } else parts.push(...scaleLegend(found));
    if (filter) {
      const only = [...filter.chosen].map((c) => colouring(filter.colour).list[c].name).join(", ");
      const all = element(
        "button",
        { type: "button", id: "show-all" },
        filter.colour === state.colour ? "show all" : `only ${filter.colour} ${only}: show all`,
      );
      all.addEventListener("click", () => setFilter(state.colour, new Set()));
      parts.push(all);
    }
    $("legend").replaceChildren(...parts);
  }

  // ---- maps of the chosen network and features ----------------------------------------------------------------------

  // For scripts that look at the page: its state, and a promise that the pictures asked for so far are decoded.
  const decoded = () => Promise.all([...decoding.values()].map((image) => image.decode()));
  const explore = (window.explore = { state, decoded, maps: [], paths: [] });

  function card(one, make) {
    const info = element("p", { className: "info", title: one.info });
    if (one.parts > 1) {
      const why = "Distances between these parts mean nothing: see the notes at the end of the page";
      info.append(element("a", { href: "#notes", title: why }, `graph in ${one.parts} parts`), one.info && ", ");
    }
    info.append(one.info);
    const heading = element("h3", { title: one.method }, one.method);
    if (one.skipped) {
      const plot = element("div", { className: "plot skipped" }, element("p", {}, `Not made: ${one.skipped}`));
      return element("article", { className: "map" }, element("header", {}, heading), info, plot);
    }
    const [plot, large] = [element("div", { className: "plot" }), element("button", { type: "button" }, "enlarge")];
    const whole = element("article", { className: "map" }, element("header", {}, heading, large), info, plot);
    large.setAttribute("aria-label", `enlarge ${one.method}`);
    large.addEventListener("click", () => {
      const isLarge = whole.classList.toggle("large");
      large.textContent = isLarge ? "shrink" : "enlarge";
      large.setAttribute("aria-label", `${large.textContent} ${one.method}`);
    });
    const scatter = make(plot);
    scatter.method = one.method;
    scatter.top.setAttribute("aria-label", `Map by ${one.method}; plus and minus zoom, arrows move`);
    scatter.top.setAttribute("role", "img");
    listen(scatter);
    return whole;
  }

  function showMaps() {
    const { maps, rows } = features();
    explore.maps = [];
    $("maps").replaceChildren(
      ...maps.map((one) =>
        card(one, (plot) => {
          const scatter = new Scatter(plot, rows);
          const { x, y } = unit(one.coordinates);
          scatter.place(x, y);
          explore.maps.push(scatter);
          return scatter;
        }),
      ),
    );
    const names = Object.keys(COLOURINGS[rows]);
    if (!names.includes(state.colour)) state.colour = names[0];
    fill($("colour"), names, names.indexOf(state.colour));
    const label = rows === "images" ? "Image number" : "Neuron number";
    if ($("search-label").textContent !== label) $("number").value = "";
    $("search-label").textContent = label;
    say("");
    paintMaps();
    showMeasures();
  }

  function paintMaps() {
    const { filter } = state;
    const shown = filter && shownBy(colouring(filter.colour), filter.chosen);
    const paint = paintOf(colouring(state.colour), shown);
    for (const scatter of explore.maps) scatter.draw(paint);
    showLegend();
  }

  function setFilter(colour, chosen) {
    state.filter = chosen.size ? { colour, chosen } : null;
    paintMaps();
  }

  function fill(list, names, chosen) {
    list.replaceChildren(...names.map((name, k) => element("option", { value: String(k) }, name)));
    list.value = String(chosen);
  }

  function chooseNetwork(index) {
    const before = network();
    const wanted = features().name;
    state.network = index;
    // An image stays pinned if the network has seen the same ones; a neuron is another network's.
    if (state.pinned?.kind === "neurons" || before.images.blob !== network().images.blob) state.pinned = null;
    state.hover = null;
    const names = network().features.map((one) => one.name);
    fill($("features"), names, Math.max(0, names.indexOf(wanted)));
    showTraining();
    chooseFeatures(Math.max(0, names.indexOf(wanted)));
    showPanel();
  }

  let shownNetwork = null;
  function chooseFeatures(index) {
    const before = network() === shownNetwork && features().rows;
    shownNetwork = network();
    state.features = index;
    // Going to other features of the same images, the same ones stay in view.
    if (features().rows !== before) state.filter = null;
    state.hover = null;
    showMaps();
  }

  // ---- search -------------------------------------------------------------------------------------------------------

  function say(text, isError = false) {
    $("found").textContent = text;
    $("found").classList.toggle("error", isError);
    $("number").setAttribute("aria-invalid", isError);
  }

  function find(text) {
    const kind = features().rows;
    const [noun, n] = kind === "images" ? ["image", network().images.n] : ["neuron", network().fields.n];
    const id = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
    if (!text.trim()) return say(`Type the number of ${kind === "images" ? "an image" : "a neuron"}: 0 to ${n - 1}.`, true);
    if (!(id < n)) return say(`There is no ${noun} “${text.trim()}”: numbers go from 0 to ${n - 1}.`, true);
    say("");
    state.hover = null;
    select("pinned", { kind, id });
  }

  // ---- training -----------------------------------------------------------------------------------------------------

  function showTraining() {
    const { training } = network();
    $("training").hidden = !training;
    explore.paths = [];
    state.playing = false;
    state.chosenLabels = new Set();
    if (!training) return;
    $("caution").textContent = training.caution;
    $("caution").hidden = !training.caution;
    showPathMeasures();
    const last = training.images_seen.length - 1;
    state.time = last;
    $("time").max = String(last);
    $("paths").replaceChildren(
      ...training.maps.map((one) =>
        card({ ...one, skipped: null }, (plot) => {
          const scatter = new Paths(plot, values(training.neurons), one.coordinates);
          explore.paths.push(scatter);
          return scatter;
        }),
      ),
    );
    paintTraining();
    showTime();
  }

  function paintTraining() {
    const { training } = network();
    const found = cached(training, "labels", () => byClass(network(), training.labels, "no label"));
    const paint = paintOf(found, shownBy(found, state.chosenLabels));
    for (const scatter of explore.paths) scatter.draw(paint);
    const buttons = categoryButtons(found, state.chosenLabels, (chosen) => {
      state.chosenLabels = chosen;
      paintTraining();
    });
    $("training-legend").replaceChildren(element("span", { className: "title" }, "label at the end"), ...buttons);
  }

  function showTime() {
    const { images_seen: seen } = network().training;
    const step = Math.floor(state.time);
    $("time").value = String(step);
    $("seen").textContent = `${grouped(seen[step])} images seen (${step + 1} of ${seen.length})`;
    $("time").setAttribute("aria-valuetext", $("seen").textContent);
    $("play").textContent = state.playing ? "Pause" : "Play";
    for (const scatter of explore.paths) {
      scatter.go();
      later(scatter, () => scatter.redraw());
    }
  }

  const STEP_MS = 700; // from one checkpoint to the next
  let runs = 0; // a new run ends the one before

  function play() {
    const last = network().training.images_seen.length - 1;
    if (state.time >= last) state.time = 0;
    state.playing = true;
    const [from, started] = [state.time, performance.now()];
    const smooth = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const run = ++runs;
    function frame(now) {
      if (!state.playing || run !== runs) return;
      const time = Math.min(last, from + Math.max(0, now - started) / STEP_MS);
      state.playing = time < last;
      state.time = smooth ? time : Math.floor(time);
      showTime();
      requestAnimationFrame(frame);
    }
    showTime();
    requestAnimationFrame(frame);
  }

  function stopAt(time) {
    state.playing = false;
    state.time = time;
    showTime();
  }

  // ---- measures -----------------------------------------------------------------------------------------------------

  function number({ mean, low, high }) {
    if (mean === null) return ["–"];
    const parts = [mean.toFixed(3)];
    if (low !== null && high !== null) {
      const half = (high - low) / 2;
      parts.push(element("small", {}, half < 0.0005 ? "± <0.001" : `± ${half.toFixed(3)}`));
    }
    return parts;
  }

  // The tables of maps and of trajectories. Each: table, rows, texts (names of the first columns), sort ({column, down}),
  // directions (whether headings say what is better), empty (what is said where there are no rows).
  function fillTable(one) {
    const { table, rows, texts, sort } = one;
    const columns = [...new Set(rows.map((row) => row.measure))];
    const lines = new Map();
    for (const row of rows) {
      const key = JSON.stringify([row.network, row.features, row.method]);
      if (!lines.has(key)) lines.set(key, { ...row, cells: {} });
      lines.get(key).cells[row.measure] = row;
    }
    const better = (name) => (data.about[name].more ? 1 : -1);
    const best = new Map();
    const group = (row) => JSON.stringify([row.network, row.features, row.measure]);
    for (const row of rows)
      if (row.mean !== null && !row.reference)
        best.set(group(row), Math.max(better(row.measure) * row.mean, best.get(group(row)) ?? -Infinity));

    const { column, down } = sort;
    const value = (line) => (texts.includes(column) ? line[column] : (line.cells[column]?.mean ?? null));
    const sorted = [...lines.values()];
    if (texts.includes(column) || columns.includes(column))
      sorted.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === null || y === null) return (x === null) - (y === null); // unknown ones last
        return (x < y ? -1 : Number(x > y)) * (down ? -1 : 1);
      });
    sorted.sort((a, b) => a.reference - b.reference); // what is not compared stands below

    const head = [...texts, ...columns].map((name) => {
      const isText = texts.includes(name);
      const mark = name === column ? (down ? "\u00a0↓" : "\u00a0↑") : "";
      const button = element("button", { type: "button" }, name + mark);
      button.addEventListener("click", () => {
        // The best first; texts from A.
        const first = !isText && data.about[name].more;
        one.sort = { column: name, down: name === column ? !down : first };
        fillTable(one);
        table.querySelectorAll("th button")[[...texts, ...columns].indexOf(name)].focus();
      });
      const cell = element("th", { scope: "col", className: isText ? "text" : "" }, button);
      if (!isText) cell.title = data.about[name].description;
      if (!isText && one.directions)
        cell.append(element("small", {}, data.about[name].more ? "more is better" : "less is better"));
      if (mark) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      return cell;
    });
    table.tHead.replaceChildren(element("tr", {}, ...head));
    const body = sorted.map((line) =>
      element(
        "tr",
        { className: line.reference ? "reference" : "" },
        ...texts.map((name) => element("td", { className: "text" }, line[name])),
        ...columns.map((name) => {
          const row = line.cells[name];
          if (!row) return element("td", {}, "");
          const cell = element("td", {}, ...number(row));
          const isBest = row.mean !== null && !row.reference && better(name) * row.mean === best.get(group(row));
          if (isBest) cell.className = "best";
          if (row.mean !== null && row.low !== null && row.high !== null)
            cell.title = `${row.low.toFixed(4)} to ${row.high.toFixed(4)}`;
          return cell;
        }),
      ),
    );
    const chances = columns.map((name) => data.about[name].chance);
    if (chances.some((chance) => chance !== null))
      body.push(
        element(
          "tr",
          { className: "reference" },
          element("td", { className: "text", colSpan: texts.length }, "by chance"),
          ...chances.map((chance) => element("td", {}, chance === null ? "" : String(chance))),
        ),
      );
    if (!body.length) body.push(element("tr", {}, element("td", { className: "text" }, one.empty)));
    table.tBodies[0].replaceChildren(...body);
    const meanings = columns.flatMap((name) => [
      element("dt", {}, name),
      element("dd", {}, data.about[name].description),
    ]);
    const told = table.parentElement.parentElement.querySelector(".meanings");
    told.hidden = !meanings.length;
    told.querySelector("dl").replaceChildren(...meanings);
  }

  const unsorted = () => ({ column: null, down: true });
  const ofMaps = { table: $("table"), sort: unsorted(), directions: false, empty: "No measures of these maps." };
  const ofPaths = { table: $("path-table"), texts: ["method"], sort: unsorted(), directions: true, empty: "" };

  function showMeasures() {
    $("measures").hidden = !data.measures.length;
    const everything = $("all").checked;
    ofMaps.texts = everything ? ["network", "features", "method"] : ["method"];
    ofMaps.rows = data.measures.filter(
      (row) => everything || (row.network === network().name && row.features === features().name),
    );
    fillTable(ofMaps);
  }

  function showPathMeasures() {
    ofPaths.rows = data.paths.filter((row) => row.network === network().name);
    $("path-measures").hidden = !ofPaths.rows.length;
    fillTable(ofPaths);
  }

  // ---- start --------------------------------------------------------------------------------------------------------

  fill(
    $("network"),
    data.networks.map((one) => one.name),
    0,
  );
  $("network").addEventListener("change", (event) => chooseNetwork(Number(event.target.value)));
  $("features").addEventListener("change", (event) => chooseFeatures(Number(event.target.value)));
  $("colour").addEventListener("change", (event) => {
    state.colour = event.target.selectedOptions[0].textContent;
    paintMaps();
  });
  $("names").addEventListener("change", () => everyMap().forEach((scatter) => scatter.redraw()));
  $("trails").addEventListener("change", () => explore.paths.forEach((scatter) => scatter.redraw()));
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    find($("number").value);
  });
  $("number").addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || !/^\d+$/.test($("number").value)) return;
    event.preventDefault();
    $("number").value = String(Math.max(0, Number($("number").value) + step));
    find($("number").value);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && select("pinned", null));
  $("play").addEventListener("click", () => (state.playing ? stopAt(Math.round(state.time)) : play()));
  $("time").addEventListener("input", (event) => stopAt(Number(event.target.value)));
  $("all").addEventListener("change", showMeasures);
  // The panel sticks below the bar, whose height depends on the window's width.
  new ResizeObserver(([bar]) =>
    document.documentElement.style.setProperty("--bar", `${bar.target.offsetHeight + 12}px`),
  ).observe(document.querySelector(".bar"));
  chooseNetwork(0);
})();
