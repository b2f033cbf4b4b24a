/** TypeScript types of every built-in kind, under upstream's names without version prefix. */
export type * from './generated/types.js';
