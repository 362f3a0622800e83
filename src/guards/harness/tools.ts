import { quotedForScript } from '../../domain/suggestion.js';
import { patchPaths } from '../patch.js';
import type { Ask } from './payload.js';
import { type Payload, textIn, textsIn } from './payload.js';

/** Tools that run a shell command, by their names without capitals and signs. */
const SHELLS = new Set([
  ...['bash', 'shell', 'localshell', 'execcommand', 'unifiedexec', 'containerexec'],
  ...['runshellcommand', 'runterminalcmd', 'runterminalcommand'],
]);
const PATCHES = new Set(['applypatch', 'patch']);
/** Tools that edit files, where the name alone does not show it. */
const EDITS = new Set([
  'notebookedit',
  'editnotebook',
  'multiedit',
  'strreplace',
  'searchreplace',
  'tabwrite',
  'update',
]);
const EDITING = /write|edit|replace|patch|create|delete|remove|move|rename|insert/;
const ONE_PATH = [
  ...['file_path', 'filePath', 'path', 'notebook_path', 'notebookPath', 'absolute_path', 'target_file', 'targetFile'],
  ...['target_notebook', 'relative_workspace_path'],
];
const FURTHER_PATHS = ['source', 'destination', 'source_path', 'destination_path', 'old_path', 'new_path'];

/**
 * What a harness asks before it uses a tool. A tool that is not known is taken by its name: one that seems to edit, and
 * names a file, edits it.
 * @param tool its name, such as `Edit`, `apply_patch` or `run_shell_command`
 */
export function askOfTool(tool: string, input: Payload): Ask {
  const name = tool.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (SHELLS.has(name)) return askOfShell(input);
  if (PATCHES.has(name)) {
    const paths = patchPaths(textIn(input, 'command', 'patchText', 'patch', 'input') ?? '');
    return paths.length > 0 ? { kind: 'edit', paths, done: false } : byPaths(tool, input, true);
  }
  const isEdit = EDITS.has(name) || name === 'edit' || name === 'write' || name === 'writefile' || name === 'replace';
  if (isEdit || EDITING.test(name)) return byPaths(tool, input, isEdit);
  return { kind: 'nothing' };
}

function byPaths(tool: string, input: Payload, isEdit: boolean): Ask {
  const paths = pathsIn(input);
  if (paths.length > 0) return { kind: 'edit', paths, done: false };
  return isEdit ? { kind: 'unreadable', tool } : { kind: 'nothing' };
}

/** The files that a tool's input names. */
export function pathsIn(input: Payload): string[] {
  const one = textIn(input, ...ONE_PATH);
  const further = FURTHER_PATHS.flatMap((name) => textIn(input, name) ?? []);
  return [
    ...new Set([...(one === null ? [] : [one]), ...further, ...textsIn(input, 'paths'), ...textsIn(input, 'files')]),
  ];
}

/** The command is a script, or as some versions send it, a list of words. */
function askOfShell(input: Payload): Ask {
  const words = [...textsIn(input, 'command'), ...textsIn(input, 'cmd')];
  const command = textIn(input, 'command', 'cmd') ?? words.map(quotedForScript).join(' ');
  const directory = textIn(input, 'workdir', 'cwd', 'working_directory', 'dir_path', 'directory');
  return command === '' ? { kind: 'nothing' } : { kind: 'shell', command, directory };
}
