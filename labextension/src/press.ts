/** Buttons that keep the focus. */

interface IPress {
  'aria-disabled': true | undefined;
  onClick: () => void;
}

/**
 * Return the props of a button, which may be off for now.
 *
 * A button with `disabled` loses the focus as soon as what it does begins, and with it whoever
 * works by keyboard loses the place.
 */
export function press(act: () => void, isOff = false): IPress {
  return {
    'aria-disabled': isOff || undefined,
    onClick: () => {
      if (!isOff) {
        act();
      }
    }
  };
}
