import { expect, it } from 'vitest';
import { sharedAnswer } from '../../control-api/shared-answer.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A question that is answered by hand, and how often it was asked. */
function slowQuestion() {
  const answers: ((text: string) => void)[] = [];
  const ask = () => new Promise<string>((resolve) => answers.push(resolve));
  return { ask, answers };
}

it('asks once for all who ask meanwhile, however long it takes, and for a second after', async () => {
  const clock = new FakeClock();
  const { ask, answers } = slowQuestion();
  const shared = sharedAnswer(ask, clock);
  const first = shared();
  clock.advance(60_000);
  const second = shared();
  expect(answers).toHaveLength(1);
  answers[0]?.('it is well');
  expect(await Promise.all([first, second])).toEqual(['it is well', 'it is well']);
  clock.advance(1_000);
  expect(await shared()).toBe('it is well');
  clock.advance(1);
  void shared();
  expect(answers).toHaveLength(2);
});

it('asks again after a failure', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const shared = sharedAnswer(() => Promise.reject(new Error(`failure ${++asked}`)), clock);
  await expect(shared()).rejects.toThrow('failure 1');
  clock.advance(1_001);
  await expect(shared()).rejects.toThrow('failure 2');
});
