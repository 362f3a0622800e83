/** For the mutation tests: what stands in a type is no code. The tool itself does not see that of a type after `satisfies`. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'types',
    value: { shouldIgnore: (path) => (path.isTSType() ? 'a type' : undefined) },
  },
];
