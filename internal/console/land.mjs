// Draws static/vendor/land.svg: a dot for each cell of a three-degree grid whose
// centre lies on land. Called by vendor.sh with the path of a TopoJSON file.
import { readFileSync, writeFileSync } from "node:fs";

const [, , source, target] = process.argv;
const step = 3, north = 75, south = -51, unit = 2; // degrees, and drawing units per degree

const topology = JSON.parse(readFileSync(source, "utf8"));
const { scale, translate } = topology.transform;
const arcs = topology.arcs.map((arc) => {
  let x = 0, y = 0;
  return arc.map(([dx, dy]) => {
    x += dx; y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
});
const ring = (indexes) => indexes.flatMap((i) => (i < 0 ? arcs[~i].toReversed() : arcs[i]));
const polygons = topology.objects.land.geometries.flatMap((g) =>
  (g.type === "Polygon" ? [g.arcs] : g.arcs).map((rings) => rings.map(ring)));

// A point is on land when a ray from it crosses the rings of a polygon an odd number of times.
function crossings(points, lon, lat) {
  let count = 0;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [xi, yi] = points[i], [xj, yj] = points[j];
    if ((yi > lat) !== (yj > lat) && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) count++;
  }
  return count;
}
// Islands cut by the antimeridian would be drawn across the whole map; they are left out.
const wraps = ([ring]) => ring.length < 20 && ring.some(([x]) => x > 175) && ring.some(([x]) => x < -175);
const drawn = polygons.filter((rings) => !wraps(rings));
const onLand = (lon, lat) =>
  drawn.some((rings) => rings.reduce((n, points) => n + crossings(points, lon, lat), 0) % 2 === 1);

let path = "";
for (let lat = north - step / 2; lat > south; lat -= step) {
  for (let lon = -180 + step / 2; lon < 180; lon += step) {
    if (onLand(lon, lat)) path += `M${(lon + 180) * unit} ${(north - lat) * unit}h0`;
  }
}
const box = `0 0 ${360 * unit} ${(north - south) * unit}`;
writeFileSync(target, `<svg xmlns="http://www.w3.org/2000/svg"><symbol id="land" viewBox="${box}">` +
  `<path d="${path}" fill="none" stroke="currentColor" stroke-width="3.2" stroke-linecap="round"/></symbol></svg>\n`);
