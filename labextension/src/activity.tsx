/** The progress of what is going on, wherever it is shown. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import {
  formatElapsed,
  fractionOf,
  progressNumbers,
  stageText
} from './format';
import { press } from './press';
import { activityTitle } from './words';
import { IActivity } from './work';

interface IProps {
  activity: IActivity;
  trans: TranslationBundle;
  onCancel?: () => void;
}

/** A bar with words, numbers and a way to stop it. */
export function ActivityBar(props: IProps): JSX.Element {
  const { activity, trans, onCancel } = props;
  const { progress, elapsed, cancelling, verb, canCancel } = activity;
  const fraction = fractionOf(progress);
  const percent = fraction === null ? undefined : Math.round(fraction * 100);
  const title = activityTitle(trans, verb);
  const stage = cancelling
    ? trans.__('Stopping')
    : verb === 'plan' || verb === 'versions'
      ? ''
      : stageText(trans, progress);
  const numbers = progressNumbers(trans, progress);
  return (
    <div className="jp-pyartifacts-activity">
      <div className="jp-pyartifacts-activity-head">
        {/* The title alone is announced; numbers would talk without end. */}
        <span role="status" className="jp-pyartifacts-activity-title">
          {title}
        </span>
        {onCancel && canCancel && (
          <button
            className="jp-pyartifacts-button"
            {...press(onCancel, cancelling)}
          >
            {trans.__('Cancel')}
          </button>
        )}
      </div>
      <div
        className="jp-pyartifacts-track"
        role="progressbar"
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={[stage, numbers].filter(Boolean).join(', ')}
      >
        <div
          className={
            fraction === null
              ? 'jp-pyartifacts-bar jp-mod-unknown'
              : 'jp-pyartifacts-bar'
          }
          style={fraction === null ? undefined : { width: `${percent}%` }}
        />
      </div>
      <div className="jp-pyartifacts-activity-words">
        <span>{stage}</span>
        <span className="jp-pyartifacts-activity-numbers">
          {/* The seconds go on where nothing else does: somebody is still at it. */}
          {[numbers, formatElapsed(trans, elapsed)].filter(Boolean).join(' · ')}
        </span>
      </div>
      {progress?.item && (
        <div className="jp-pyartifacts-activity-item" title={progress.item}>
          {progress.item}
        </div>
      )}
    </div>
  );
}
