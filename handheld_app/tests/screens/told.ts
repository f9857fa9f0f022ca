/** What a person can see or a screen reader can say: text and labels, without tags, drawings and class names. */
export function told(html: string): string {
  const labels = [...html.matchAll(/(?:aria-label|title|value|data-label)="([^"]*)"/g)].map((match) => match[1] ?? "");
  return [html.replace(/<svg[\s\S]*?<\/svg>/g, "").replace(/<[^>]*>/g, " "), ...labels].join(" ");
}
