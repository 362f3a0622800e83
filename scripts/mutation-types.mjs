/**
 * For the mutation tests, what is never changed: what stands in a type is no code, which the tool itself does not see of a type
 * after `satisfies`; and what says which processes are stopped, for a mutant of that would stop everybody's.
 */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'types',
    value: { shouldIgnore: (path) => (path.isTSType() ? 'a type' : undefined) },
  },
  {
    kind: 'Ignore',
    name: 'stops',
    value: {
      shouldIgnore: (path) =>
        (path.isCallExpression() && path.node.callee.name === 'stopTree') ||
        // By it `porcelain.ts` finds its git in the process table.
        (path.isVariableDeclarator() && path.node.id.name === 'marker')
          ? 'which processes are stopped'
          : undefined,
    },
  },
];
