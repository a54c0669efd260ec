/** The line in which a requirement is typed, checked while it is typed. */
import * as React from 'react';

import { failureOf } from './api';
import { useView } from './context';
import { NotebookPackages } from './packages';
import { ICheck } from './shapes';

const CHECK_DELAY = 300;

/** Whether the line is to take the focus as soon as it is there. */
export interface IFocusWish {
  current: boolean;
}

interface IProps {
  packages: NotebookPackages;
  focusWish: IFocusWish;
}

/** Type a requirement, see whether it exists, add it. */
export function AddForm({ packages, focusWish }: IProps): JSX.Element {
  const { trans, actions } = useView();
  const [text, setText] = React.useState('');
  const [check, setCheck] = React.useState<ICheck | null>(null);
  const input = React.useRef<HTMLInputElement>(null);
  const wanted = text.trim();

  React.useEffect(() => {
    if (focusWish.current) {
      focusWish.current = false;
      input.current?.focus();
    }
  });

  React.useEffect(() => {
    setCheck(null);
    if (!wanted) {
      return;
    }
    let isStale = false;
    const timer = setTimeout(() => {
      packages.api.check(packages.document.target, wanted).then(
        answer => !isStale && setCheck(answer),
        (reason: unknown) => {
          const { message, hint } = failureOf(reason);
          if (!isStale) {
            // What cannot be checked can still be added: the plan says what is wrong.
            setCheck({
              valid: true,
              name: null,
              problem: message,
              hint,
              exists: null
            });
          }
        }
      );
    }, CHECK_DELAY);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [wanted, packages]);

  const isWrong = check !== null && (!check.valid || check.exists === false);
  const isBusy = packages.activity !== null || packages.needsTrust;

  const add = async (): Promise<void> => {
    if (!wanted || isWrong || isBusy) {
      return;
    }
    const change = { verb: 'add' as const, arguments: [wanted] };
    if (await actions.propose(packages, change)) {
      setText('');
    }
  };

  return (
    <form
      className="jp-pyartifacts-add"
      onSubmit={event => {
        event.preventDefault();
        void add();
      }}
    >
      <div className="jp-pyartifacts-add-line">
        <input
          ref={input}
          className="jp-pyartifacts-input"
          type="text"
          value={text}
          spellCheck={false}
          autoComplete="off"
          placeholder={trans.__('Add: pandas>=2')}
          aria-label={trans.__('Requirement to add')}
          aria-describedby="jp-pyartifacts-add-check"
          aria-invalid={isWrong}
          onChange={event => setText(event.target.value)}
        />
        <button
          type="submit"
          className="jp-pyartifacts-button jp-mod-primary"
          aria-disabled={!wanted || isWrong || isBusy || undefined}
        >
          {trans.__('Add')}
        </button>
      </div>
      <div
        id="jp-pyartifacts-add-check"
        className="jp-pyartifacts-check"
        aria-live="polite"
      >
        {check && <Verdict check={check} />}
      </div>
    </form>
  );
}

function Verdict({ check }: { check: ICheck }): JSX.Element | null {
  const { trans } = useView();
  const { valid, name, problem, hint, exists } = check;
  if (problem) {
    const kind = valid && exists !== false ? '' : ' jp-mod-error';
    return (
      <>
        <div className={`jp-pyartifacts-verdict${kind}`}>{problem}</div>
        {hint && <div className="jp-pyartifacts-muted">{hint}</div>}
      </>
    );
  }
  if (exists === false) {
    return (
      <div className="jp-pyartifacts-verdict jp-mod-error">
        {trans.__('No index has a project called “%1”.', name ?? '')}
      </div>
    );
  }
  return exists ? (
    <div className="jp-pyartifacts-verdict jp-mod-right">
      {trans.__('✓ %1 is on the index', name ?? '')}
    </div>
  ) : null;
}
