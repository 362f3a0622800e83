import type { SimpleGitOptions } from 'simple-git';

/**
 * simple-git refuses arguments and variables that could run a program (`GIT_SSH_COMMAND`, `core.sshCommand`, ...). Here
 * every argument is coord's own, and the variables are those that git obeys in this shell anyway, so all are let through.
 */
export const TRUSTED_CALLER: Required<NonNullable<SimpleGitOptions['unsafe']>> = {
  // False would make simple-git export a test variable that also changes how git behaves in the user's hooks.
  allowAbbreviatedOptions: true,
  allowUnsafeAlias: true,
  allowUnsafeAskPass: true,
  allowUnsafeCommandBinaries: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeCustomBinary: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeDiffTextConv: true,
  allowUnsafeEditor: true,
  allowUnsafeExec: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeHooksPath: true,
  allowUnsafeInclude: true,
  allowUnsafeMergeDriver: true,
  allowUnsafePack: true,
  allowUnsafePager: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeSubmodule: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeUrlRewrite: true,
};
