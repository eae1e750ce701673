/**
 * A pattern as the resource that only a pattern which covers all of it matches: a star is text that nothing but a star
 * matches, and `**` becomes more segments than any form has, which nothing but `**` reaches.
 */
export const wholePattern = (pattern: string): string => pattern.replace(/(^|\/)\*\*$/, '$1*/*/*/*')
