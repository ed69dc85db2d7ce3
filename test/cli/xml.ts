/** Enough of an XML parser to say whether a text is one well-formed document of elements and text. */
import assert from 'node:assert/strict';

const TOKEN =
  /<\?xml [^>]*\?>|<(\/?)([A-Za-z][\w-]*)((?: [\w-]+="[^"<&]*")*)(\/?)>|[^<>&]+|&(?:amp|lt|gt|quot|apos);/y;

/** Returns how often each element occurs. Fails where the text is not well-formed. */
export function countElements(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const open: string[] = [];
  let roots = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    assert.ok(match !== null, `no XML at ${at}: ${text.slice(at, at + 60)}`);
    const [token, closing, name, , empty] = match;
    if (token.startsWith('<?')) assert.equal(at, 0, 'the declaration comes first');
    if (name === undefined) {
      if (!token.startsWith('<'))
        assert.ok(open.length > 0 || token.trim() === '', 'text outside of the root');
      continue;
    }
    if (closing === '/') {
      assert.equal(open.pop(), name, `wrong closing tag at ${at}`);
      continue;
    }
    if (open.length === 0) roots++;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (empty === '') open.push(name);
  }
  assert.deepEqual(open, [], 'elements are left open');
  assert.equal(roots, 1, 'one root');
  return counts;
}
