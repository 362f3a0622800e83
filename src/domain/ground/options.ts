export interface OverlapOptions {
  /** Compare as on a file system that folds case: both sides as if in small letters. Resources are never folded. */
  readonly foldCase?: boolean;
}
