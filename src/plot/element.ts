/** Elements of SVG as text. */
import { coordinate } from './numbers.ts';

export type Attributes = Readonly<Record<string, string | number>>;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for between tags and for attributes. Characters that XML has no room for are left out. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]/gu, '').replaceAll(/[&<>"]/g, (c) => ESCAPES[c]);
}

/** One element; `content` is text that was made by this function or by `escapeXml`. */
export function element(
  name: string,
  attributes: Attributes,
  content: string | readonly string[] = '',
): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeXml(value)}"`,
  );
  const inner = typeof content === 'string' ? content : `\n${content.join('\n')}\n`;
  return inner === '' ? `<${name}${words.join('')}/>` : `<${name}${words.join('')}>${inner}</${name}>`;
}
