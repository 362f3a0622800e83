import fc from 'fast-check';

/**
 * The forms in which a program takes its words, from its own synopsis: options in any order and number, then operands of
 * the kinds that are named. What is written is drawn from files that are there, names that are free, folders and patterns.
 */
export interface Synopsis {
  readonly name: string;
  /** A command line. */
  readonly lines: fc.Arbitrary<string>;
}

const FILES = [
  'held/a.txt',
  'held/b.txt',
  'held/sub/c.txt',
  'free/a.txt',
  'free/b.txt',
  'free/sub/c.txt',
  './held/a.txt',
];
const FOLDERS = ['held', 'held/sub', 'free', 'free/sub', 'held/', 'free/.'];
const PATTERNS = ['held/*.txt', 'free/*.txt', '*/a.txt', 'fr*/b.txt', '{free,held}/b.txt', 'free/?.txt'];
const NEW = ['held/new.txt', 'free/new.txt', 'new.txt', 'free/sub/new.txt'];

const file = fc.constantFrom(...FILES);
const folder = fc.constantFrom(...FOLDERS);
const pattern = fc.constantFrom(...PATTERNS);
const unused = fc.constantFrom(...NEW);
const place = fc.oneof({ weight: 4, arbitrary: file }, folder, pattern);
const output = fc.oneof(file, unused);
const files = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: file }, pattern), { minLength: 1, maxLength: 2 });
const places = fc.uniqueArray(place, { minLength: 1, maxLength: 2 });

/** Some of these options, in any order. */
const some = (...options: string[]) => fc.shuffledSubarray(options, { maxLength: Math.min(3, options.length) });
const one = (...options: string[]) => fc.constantFrom(...options);
const dashes = fc.constantFrom('', '--');

type Part = fc.Arbitrary<string | readonly string[]>;

const line = (program: string, ...parts: Part[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((words) => [program, ...words.flat()].filter((word) => word !== '').join(' '));

/** What one of these forms says. */
const forms = (name: string, ...lines: fc.Arbitrary<string>[]): Synopsis => ({ name, lines: fc.oneof(...lines) });

const SED = "'s/[ab]/X/'";

/** Programs of the system that write files. */
export const PROGRAMS: readonly Synopsis[] = [
  forms(
    'sed',
    line(
      'sed',
      some('-i', '-E', '-r', '-n', '-s', '-z', '-u', '--posix', '-Ei', '-nEi', '-i.bak', '-l 5', '-il'),
      fc.constant(SED),
      files,
    ),
    line(
      'sed',
      some('--in-place', '--in-place=.o', '-E', '--quiet', '--line-length=9'),
      one(`-e ${SED}`, `--expression=${SED}`, '-f x.sed', '--file x.sed'),
      files,
    ),
    line('sed', fc.constant(`-ne${SED}`), some('-i', '-E'), files),
    line('sed', fc.constant(SED), files, one('-i', '-Ei', '-n')),
  ),
  forms(
    'sed that writes',
    line('sed', fc.constant("-n 'w held/new.txt'"), files),
    line('sed', one("'s/a/b/w free/new.txt'", "-e 'w held/b.txt'"), files),
  ),
  forms(
    'perl',
    line(
      'perl',
      one('-pi -e', '-i -pe', '-i.bak -pe', '-0pi -e', '-pie', '-ne', '-pe', '-lpi -e', '-i -0777 -pe'),
      fc.constant(SED),
      files,
    ),
    line('perl', one('-w', '-l', '-Mstrict'), one('-pi -e', '-pe'), fc.constant(SED), files),
  ),
  forms(
    'rm',
    line(
      'rm',
      some('-f', '-r', '-rf', '-v', '--recursive', '--one-file-system', '--preserve-root', '-d'),
      dashes,
      places,
    ),
  ),
  forms('rmdir', line('rmdir', some('-p', '-v', '--ignore-fail-on-non-empty'), one('held/empty', 'free/empty'))),
  forms('unlink', line('unlink', file)),
  forms(
    'touch',
    line(
      'touch',
      some('-m', '-h', '-d yesterday', '-t 202001010000', '--date=now'),
      fc.uniqueArray(output, { minLength: 1, maxLength: 2 }),
    ),
  ),
  forms(
    'truncate',
    line(
      'truncate',
      one('-s 0', '-s +1', '--size=3', '-r free/b.txt'),
      fc.uniqueArray(output, { minLength: 1, maxLength: 2 }),
    ),
  ),
  forms('shred', line('shred', some('-n 1', '-z', '-u', '-s 2', '--iterations=1', '-f', '-x'), file)),
  forms(
    'chmod',
    line(
      'chmod',
      some('-R', '-v', '-c', '-f'),
      one('+x', 'u+x', '700', 'u=rwx,go=', '-w', 'a-w', '-r'),
      fc.uniqueArray(fc.oneof(file, pattern), { minLength: 1, maxLength: 2 }),
    ),
  ),
  forms(
    'cp',
    line(
      'cp',
      some('-f', '-p', '-a', '-r', '-v', '-L', '-P', '-b', '--backup', '-S .o', '--remove-destination', '-d'),
      place,
      fc.oneof(output, folder),
    ),
    line('cp', one('-t', '-r -t', '--target-directory'), folder, places),
    line(
      'cp',
      one('-t', '--target-directory='),
      folder.map((to) => to),
      file,
    ),
    line('cp', one('-T', '-rT', '--parents'), place, fc.oneof(output, folder)),
  ),
  forms(
    'mv',
    line(
      'mv',
      some('-f', '-v', '-b', '--backup', '-S .o'),
      fc.oneof(place, fc.constant('free/sub')),
      fc.oneof(output, folder),
    ),
    line('mv', one('-t', '--target-directory'), folder, fc.uniqueArray(file, { minLength: 1, maxLength: 2 })),
    line('mv', one('-T', '-fT'), file, output),
  ),
  forms(
    'ln',
    line('ln', some('-s', '-f', '-sf', '-sfn', '-v', '-r', '-b'), file, fc.oneof(output, folder)),
    line('ln', one('-s', '-sf'), one('held/a.txt', '../x', 'free/a.txt')),
    line('ln', one('-sft', '-s -f -t'), folder, fc.constant('../x.sh')),
  ),
  forms(
    'install',
    line('install', some('-m 644', '-p', '-v', '-D', '-b', '--mode=600'), file, fc.oneof(output, folder)),
    line('install', one('-t', '-D -t'), folder, file),
    // It compares, and writes what differs.
    line('install', fc.constant('-C x.sh'), fc.oneof(output, folder)),
    line('install', fc.constant('-d'), one('held/dir', 'free/dir')),
  ),
  forms(
    'tee',
    line('echo x | tee', some('-a', '-i', '--append', '-p'), fc.uniqueArray(output, { minLength: 1, maxLength: 2 })),
  ),
  forms(
    'dd',
    line(
      'dd',
      one('if=x.sh', 'bs=1 if=x.sh', 'count=1 if=x.sh'),
      output.map((to) => `of=${to}`),
      one('', 'conv=notrunc', 'status=none'),
    ),
  ),
  forms(
    'sort',
    line('sort', some('-u', '-r', '-n', '-k 1', '-t :', '-s', '--key=1'), one('-o', '-uo', '--output '), output, file),
    line('sort', some('-u', '-r'), file, one('-o'), output),
    line('sort', some('-u', '-k1'), file),
  ),
  forms(
    'split',
    line('split', some('-l 1', '-d', '-b 4', '-a 3', '--numeric-suffixes'), file, one('held/part', 'free/part', '')),
  ),
  forms(
    'gzip',
    line('gzip', some('-k', '-f', '-9', '-v', '-n', '--keep', '-r'), fc.oneof(file, folder)),
    line('gzip', one('-c', '-l', '-t'), file),
  ),
  forms('bzip2', line('bzip2', some('-k', '-f', '-9', '-v'), file)),
  forms('xz', line('xz', some('-k', '-f', '-9', '-v', '--keep'), file)),
  forms(
    'find',
    line(
      'find',
      place,
      one('-type f', "-name '*.txt'", "-name 'a.*'", '-name nothing', '-type d -empty', "-path '*sub*'"),
      one('-delete', '-exec rm {} +', '-exec rm -rf {} \\;', '-exec touch {} \\;', '-print'),
    ),
    line(
      'find',
      one('. -not -path "./.git/*"', 'held free'),
      one("-name 'a.txt'", "-name '*.pyc'", '-name sub -prune', "-iname 'A.TXT'"),
      one('-delete', '-exec rm -rf {} +', '-print -exec sed -i s/a/X/ {} +'),
    ),
  ),
  forms(
    'find with alternatives',
    line(
      'find',
      one('held free', '.', 'held', 'free'),
      one(
        '-type d -o -type f',
        "-name '*.pyc' -o -name 'a.txt'",
        "-name 'a.txt' -o -name '*.pyc'",
        "\\( -name '*.pyc' -o -name '*.pyo' \\)",
        "-type f \\( -name 'a.*' -o -iname 'B.TXT' \\)",
        '\\( -name a.txt -o -name b.txt \\) -type f',
        "! -name 'a.txt' -type f",
        '-type f -not \\( -name a.txt -o -name b.txt \\)',
      ),
      one('-delete', '-exec rm {} +', '-fprint free/new.txt', '-fprint held/new.txt'),
    ),
  ),
  forms(
    'find and xargs',
    line(
      'find',
      one('held', 'free', '.'),
      one("-name 'a.txt'", "-name '*.pyc'"),
      one('| xargs rm', '-print0 | xargs -0 rm -f', '| xargs -I{} rm {}', '| xargs sed -i s/a/X/', '| xargs cat'),
    ),
  ),
  forms(
    'patch',
    line(
      'patch',
      one(
        '-p1 -i x.diff',
        '-p1 < x.diff',
        '--strip=1 --input=x.diff',
        '-p1 -d . -i x.diff',
        '-p0 -d free -i y.diff',
        '-p0 -d held -i y.diff',
        '--dry-run -p1 -i x.diff',
      ),
    ),
    line('patch', file, one('z.diff', '-i z.diff', '< z.diff')),
  ),
  forms(
    'tar',
    line(
      'tar',
      one('xf x.tar', '-xf x.tar', '-x -f x.tar', '--extract --file=x.tar', 'xvf x.tar', 'tf x.tar'),
      one('', '-C free', '-C held', '--directory=free', '--directory free', '--strip-components=1', '-C free a.txt'),
    ),
    line('tar', one('cf', '-cf', '-czf'), output, file),
    line(
      'tar',
      one('-C held -xf x.tar', '-C free -xf x.tar', 'cf free/new.txt --remove-files'),
      one('', 'held/a.txt', 'a.txt'),
    ),
  ),
  forms(
    'unzip',
    line('unzip', one('-o', '-qo', '-o -q', '-l'), fc.constant('x.zip'), one('', '-d free', '-d held', 'a.txt')),
  ),
  forms(
    'ed and ex',
    line("printf '1d\\nw\\nq\\n' | ed -s", file),
    line("ex -s -c '1d|x'", file),
    line("vim -es -c '1d' -c 'wq'", file),
  ),
  forms(
    'redirection',
    fc
      .tuple(one('echo x', 'cat x.sh', 'date'), one('>', '>>', '>|', '1>', '&>'), output)
      .map(([command, way, to]) => `${command} ${way} ${to}`),
  ),
  forms(
    'wrapped',
    fc
      .tuple(
        one(
          'env',
          'env -i PATH=$PATH',
          'nice -n 5',
          'timeout 5',
          'timeout -s INT 5',
          'nohup',
          'command',
          'time',
          'setsid -w',
          'stdbuf -o0',
          'exec',
          'env -C .',
          'env -S',
        ),
        one('rm', 'touch', 'truncate -s0'),
        file,
      )
      .map((words) => words.join(' ')),
  ),
  forms(
    'variables',
    fc
      .tuple(
        one('F=', 'export F=', 'local F='),
        file,
        one('; ', ' && ', '\n'),
        one('rm $F', 'rm "$F"', 'echo x > "$F"', 'rm $' + '{F}', 'cat $F'),
      )
      .map((words) => words.join('')),
    fc
      .tuple(
        one('held', 'free'),
        one('rm $D/a.txt', 'rm "$D"/sub/c.txt', 'rm $' + '{D}/*.txt', 'cd $D && rm a.txt', 'echo x > $D/new.txt'),
      )
      .map(([folder, rest]) => `D=${folder}; ${rest}`),
    fc
      .tuple(files, one('rm "$f"', 'sed -i s/a/X/ $f', 'echo x >> free/new.txt', 'cp x.sh "$f"', 'echo x > $f'))
      .map(([names, rest]) => `for f in ${names.join(' ')}; do ${rest}; done`),
    fc
      .tuple(
        one('held', 'free', 'held free', 'free held'),
        one(
          'cd $d && rm a.txt && cd ..',
          'for n in a b; do rm $d/$n.txt; done',
          'cp x.sh $d/a.txt',
          '(cd $d; rm b.txt)',
        ),
      )
      .map(([names, rest]) => `for d in ${names}; do ${rest}; done`),
    fc
      .tuple(files, one('rm $F', 'for f in $F; do cp x.sh $f; done', 'sed -i s/a/X/ $F', 'cat $F'))
      .map(([names, rest]) => `F="${names.join(' ')}"; ${rest}`),
    fc.tuple(file, one('rm "$PWD/', 'cd free; rm "$PWD/../')).map(([path, start]) => `${start}${path}"`),
  ),
  forms(
    'variables within words',
    fc
      .tuple(
        one('held', 'free'),
        one('a', 'b'),
        one(
          'rm $D/$N.txt',
          'rm "$D/§{N}.txt"',
          'rm ./§{D}/$N.*',
          'F=$D/$N.txt; echo x > $F',
          'rm §{D:-x}/§{N:-x}.txt',
          'cd $D && cd - && rm $D/$N.txt',
        ),
      )
      .map(([folder, name, rest]) => `D=${folder} N=${name}; ${rest}`.replaceAll('§', '$')),
    fc
      .tuple(one('held', 'free'), one('rm §{NONE:-', 'cp x.sh §{NONE-'))
      .map(([folder, start]) => `${start}${folder}}/a.txt`.replaceAll('§', '$')),
  ),
  forms(
    'functions',
    fc
      .tuple(
        one('f() {', 'function f {', 'f ()\n{'),
        one('rm "$1"', 'for x in "$@"; do rm "$x"; done', 'cat $1', 'cd free && rm ../$1'),
        file,
      )
      .map(([start, body, path]) => `${start} ${body}; }; f ${path}`),
  ),
  forms(
    'shells',
    fc
      .tuple(
        one('sh -c', 'bash -c', 'bash -ec', 'bash -e -c', 'bash -o pipefail -c', 'bash --norc -c', 'eval'),
        one('rm', 'cd held; rm', 'cd free && rm'),
        one('a.txt', 'held/a.txt', 'free/a.txt'),
      )
      .map(([shell, command, path]) => `${shell} '${command} ${path}'`),
  ),
];

/** Names that come out of a command, or of a list, into another: some that are changed, and some that are only read. */
const PRINTS = [
  'find held -name a.txt',
  "find free -name '*.txt'",
  'find . -name c.txt',
  'git ls-files held/sub',
  'git ls-files free',
  'cat held.list',
  'cat free.list',
  'echo held/a.txt',
  'echo free/a.txt free/b.txt',
  "printf '%s\\n' held/b.txt",
  'ls free/a.txt',
  'ls -1 held/*.txt',
  'grep -rl ab held',
  'grep -rl ab free',
  'find held free | grep free/a',
  "find . -name '*.txt' | grep -F held | sort",
  'cat free.list | head -1',
];
const prints = fc.constantFrom(...PRINTS);

/** What comes from elsewhere than the command line itself. */
export const NAMES: readonly Synopsis[] = [
  forms(
    'what a command prints',
    fc
      .tuple(one('rm', 'rm -f', 'sed -i s/a/X/', 'cat', 'truncate -s 0', 'git checkout --'), prints, one('$', '`'))
      .map(([command, names, sign]) => (sign === '$' ? `${command} $(${names})` : `${command} \`${names}\``)),
    fc
      .tuple(
        one('rm "$f"', 'cat "$f"', 'cp x.sh $f', 'echo x >> $f', 'echo x >> free/new.txt', 'git checkout HEAD -- $f'),
        prints,
      )
      .map(([body, names]) => `for f in $(${names}); do ${body}; done`),
    fc.tuple(one('rm $F', 'wc -l $F'), prints).map(([command, names]) => `F=$(${names}); ${command}`),
    fc
      .tuple(one('held', 'free'), one('a.txt', 'new.txt'))
      .map(([folder, name]) => `echo x > "$(git rev-parse --show-toplevel)/${folder}/${name}"`),
    fc
      .tuple(one('held', 'free'), one('ls', 'ls -1'))
      .map(([folder, ls]) => `for f in $(${ls} ${folder}); do rm -f ${folder}/$f; done`),
    fc.tuple(one('held', 'free'), one('a.txt', 'b.txt')).map(([folder, name]) => `cd ${folder} && rm "$(pwd)/${name}"`),
  ),
  forms(
    'names that are read',
    fc
      .tuple(
        prints,
        one('read f', 'read -r f', 'IFS= read -r f'),
        one('rm -f "$f"', 'cat "$f"', 'touch $f', 'echo "$f"'),
      )
      .map(([names, read, body]) => `${names} | while ${read}; do ${body}; done`),
    fc
      .tuple(one('held.list', 'free.list', '<(cat free.list)', '<(find held -name b.txt)'), one('rm "$f"', 'wc "$f"'))
      .map(([list, body]) => `while read -r f; do ${body}; done < ${list}`),
    fc.tuple(file, one('rm "$f"', 'cat "$f"')).map(([path, body]) => `while read f; do ${body}; done <<< "${path}"`),
  ),
  forms(
    'xargs',
    fc
      .tuple(
        prints,
        one(
          'rm',
          'rm -f',
          '-n 1 rm',
          '-I{} rm {}',
          '-I % cp x.sh %',
          'cat',
          'sh -c \'rm "$@"\' _',
          "-I{} sh -c 'rm {}'",
          '-L1 touch',
        ),
      )
      .map(([names, command]) => `${names} | xargs ${command}`),
    fc
      .tuple(one('held.list', 'free.list'), one('rm', '-n1 rm -f', 'cat', '-I{} sed -i s/a/X/ {}'))
      .map(([list, command]) => `xargs ${command} < ${list}`),
    fc.tuple(one('held.list', 'free.list'), one('rm', 'wc')).map(([list, command]) => `xargs -a ${list} ${command}`),
  ),
  forms(
    'find and a shell',
    fc
      .tuple(
        one('held', 'free', '.'),
        one("-name 'a.txt'", "-name '*.pyc'", '-type f -name b.txt'),
        one(
          '-exec sh -c \'rm "$1"\' _ {} \\;',
          "-exec bash -c 'rm {}' \\;",
          '-exec sh -c \'cat "$1"\' _ {} \\;',
          '-exec sh -c \'for f in "$@"; do rm "$f"; done\' _ {} +',
        ),
      )
      .map((words) => `find ${words.join(' ')}`),
  ),
  forms(
    'awk',
    fc
      .tuple(one('print', 'printf "%s", $0', 'print $1'), one('>', '>>'), output, file)
      .map(([print, way, to, from]) => `awk '{ ${print} ${way} "${to}" }' ${from}`),
    fc.tuple(output, file).map(([to, from]) => `awk -v out=${to} '{ print > out }' ${from}`),
    line('awk', one("'{ print }'", "'$1 > 5'", '-F: "{ print $1 }"'), file),
  ),
  forms(
    'aliases of git',
    fc
      .tuple(
        one('!rm', '!cd held && rm', '!f() { rm "$1"; }; f', 'rm -f', 'checkout other --', '!cat', 'restore'),
        one('held/a.txt', 'free/a.txt', 'a.txt'),
      )
      .map(([meaning, path]) => `git -c alias.x='${meaning}' x ${path}`),
    fc.tuple(one('gone', 'quiet', 'drop'), file).map(([name, path]) => `git ${name} ${path}`),
  ),
];

/** Commands of git that write files of the worktree. `other` is a branch in which each file differs. */
export const GIT: readonly Synopsis[] = [
  forms(
    'checkout of paths',
    line(
      'git checkout',
      some('-q', '-f', '--force', '--no-overlay'),
      one('other', 'HEAD~0', 'other~0', ''),
      one('--'),
      places,
    ),
    line('git checkout', one('other', 'HEAD', '-q other', 'other -f'), fc.oneof(file, one('held', 'free'))),
    line(
      'git checkout',
      one('', '-q', '--ours', '--theirs', '-f'),
      fc.oneof(file, one('.', 'held', 'free', ':/held', ':/free', "':(top)free'", "':!held'")),
    ),
    line('git checkout', fc.constant('--pathspec-from-file=held.list'), one('', 'other')),
  ),
  forms(
    'checkout of a branch',
    line(
      'git checkout',
      one('-f other', '--force other', '-B main -f', '--detach -f', '-f', 'other', '--detach', '-b new', '-B new'),
    ),
  ),
  forms(
    'switch',
    line(
      'git switch',
      one(
        'other',
        '-f other',
        '--discard-changes other',
        '-c new',
        '--force -c new other',
        '--detach',
        '-C new -f other',
        '--detach -f other',
      ),
    ),
  ),
  forms(
    'restore',
    line(
      'git restore',
      some('-q', '-W', '--worktree', '-p0'.slice(0, 0) || '--no-overlay', '--ignore-unmerged'),
      one('', '-s other', '--source=other', '--source other', '-S', '--staged', '-SW', '-s other -S -W', '-sother'),
      dashes,
      places,
    ),
    line('git restore', fc.constant('--pathspec-from-file=held.list'), one('', '-s other')),
  ),
  forms(
    'reset',
    line(
      'git reset',
      one(
        '--hard',
        '--hard other',
        '--hard -q',
        '-q --hard HEAD',
        '--soft',
        '--mixed',
        '--keep other',
        '--merge',
        '--keep',
        '',
      ),
    ),
    line('git reset', one('-q', 'HEAD', ''), file),
  ),
  forms(
    'clean',
    line(
      'git clean',
      one('-f', '-fd', '-xdf', '-d -f', '-fdx', '-n', '-nd', '--force -d', '-fd -e new', '-fdq', '-fX'),
      one('', 'held', 'free', '-- held', '-- free'),
    ),
  ),
  forms(
    'stash',
    line(
      'git stash',
      one('', 'push', '-u', 'push -u', '-k', '-q', 'push -m x', 'save x', 'list', 'create', '--keep-index', 'push -S'),
    ),
    line('git stash push', one('--', '-u --', '-m x --', ''), fc.oneof(file, one('held', 'free'))),
  ),
  forms(
    'stash that comes back',
    line(
      'git stash',
      one('pop', 'apply', 'pop -q', 'apply --index', 'show', 'list', 'drop'),
      one('', 'stash@{0}', '1', 'stash@{1}'),
    ),
  ),
  forms(
    'commits made again',
    line('git', one('cherry-pick', 'revert'), one('-n', '--no-commit'), one('both', 'ours', 'HEAD')),
  ),
  forms('rm', line('git rm', some('-f', '-r', '-rf', '-q', '--ignore-unmatch', '-n'), dashes, places)),
  forms('mv', line('git mv', some('-f', '-v', '-n'), place, fc.oneof(output, folder))),
  forms(
    'plumbing',
    line(
      'git',
      one(
        'read-tree --reset -u other',
        'read-tree -um HEAD other',
        'read-tree -m -u HEAD',
        'read-tree other',
        'checkout-index -f -a',
        'checkout-index -a',
        'checkout-index -fu held/b.txt',
        'checkout-index -f -- free/b.txt',
        'checkout-index -f --prefix=out/ -a',
        'checkout-index --force held/a.txt',
      ),
    ),
  ),
  forms(
    'apply',
    line(
      'git apply',
      one(
        'x.diff',
        '-p1 x.diff',
        '--index x.diff',
        '--check x.diff',
        '-R --check x.diff',
        '-R back.diff',
        '--reverse --include="free/*" back.diff',
        '-R --directory=held -p2 ours.diff',
        '--stat x.diff',
        '-3 x.diff',
        '--directory=free y.diff -p0',
        '--directory=held -p0 y.diff',
        '--include="free/*" x.diff',
        '--exclude="held/*" x.diff',
        '< x.diff',
        '--cached x.diff',
      ),
    ),
  ),
  forms(
    'global options',
    fc
      .tuple(
        one(
          '-C held',
          '-C free',
          '-C .',
          '--no-pager',
          '-c a.b=c',
          '-p',
          '--no-optional-locks',
          '--literal-pathspecs',
          '-C held -C ..',
          '--git-dir=.git',
          '--work-tree=.',
          '--git-dir .git --work-tree .',
        ),
        one('rm -f', 'checkout --', 'restore'),
        one('a.txt', 'b.txt', 'held/b.txt', 'free/b.txt'),
      )
      .map(([globals, command, path]) => `git ${globals} ${command} ${path}`),
  ),
];
