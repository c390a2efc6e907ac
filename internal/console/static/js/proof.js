// Verifies the proof of one journal entry in the browser, with nothing of the server's but
// the proof: RFC 6962 inclusion, a signed note (c2sp.org/signed-note), Ed25519.
const text = new TextEncoder();
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
export const hex = (b) => [...b].map((v) => v.toString(16).padStart(2, "0")).join("");

/** The hash of an entry's bytes as a leaf of the tree. */
export const leaf = (entry) => sha256([0], text.encode(entry));

// root leads from a leaf at index to the root of a tree of size leaves (RFC 9162, 2.1.3.2).
async function root(hash, index, size, path) {
  let [fn, sn, r] = [BigInt(index), BigInt(size) - 1n, hash];
  for (const p of path) {
    if (sn === 0n) throw new Error("it has more hashes than the tree has levels");
    if (fn & 1n || fn === sn) {
      r = await sha256([1], p, r);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = await sha256([1], r, p);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  if (sn !== 0n) throw new Error("it has fewer hashes than the tree has levels");
  return r;
}

// verifier reads a vkey: NAME+HASH+BASE64, where the key is a type byte and 32 bytes.
async function verifier(vkey) {
  const [name, id, ...rest] = vkey.split("+");
  const key = bytes(rest.join("+"));
  const hash = (await sha256(text.encode(`${name}\n`), key)).slice(0, 4);
  if (hex(hash) !== id || key[0] !== 1 || key.length !== 33) throw new Error("its key is not an Ed25519 verifier key");
  return { name, hash, key: await crypto.subtle.importKey("raw", key.slice(1), "Ed25519", false, ["verify"]) };
}

// checkpoint opens a signed note that the key has signed.
async function checkpoint(note, vkey) {
  const v = await verifier(vkey);
  const end = note.lastIndexOf("\n\n") + 1;
  const body = note.slice(0, end);
  for (const line of note.slice(end + 1).trimEnd().split("\n")) {
    const [dash, name, base64] = line.split(" ");
    if (dash !== "—" || name !== v.name) continue;
    const signature = bytes(base64);
    if (!same(signature.slice(0, 4), v.hash)) continue;
    if (!await crypto.subtle.verify("Ed25519", v.key, signature.slice(4), text.encode(body))) throw new Error("the signature of its checkpoint does not fit");
    const [origin, size, base] = body.split("\n");
    if (origin !== v.name) throw new Error("its checkpoint is of another journal");
    return { size, root: bytes(base) };
  }
  throw new Error("its checkpoint is not signed with its key");
}

/** Verifies a proof and returns its checkpoint's size; it throws in words what does not hold. */
export async function verify(proof) {
  const c = await checkpoint(proof.checkpoint, proof.key);
  if (BigInt(proof.index) >= BigInt(c.size)) throw new Error("the entry is beyond the checkpoint");
  const found = await root(await leaf(proof.entry), proof.index, c.size, (proof.hashes ?? []).map(bytes));
  if (!same(found, c.root)) throw new Error("the entry is not the one at this place of the journal");
  return c.size;
}
