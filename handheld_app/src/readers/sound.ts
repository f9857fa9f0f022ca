/** Sound: one short tick after a scan is on the disk. A browser without sound, or one that was never touched, stays silent: the word on the screen says the same. */

const TICK_HZ = 1_320;
const TICK_S = 0.06;
/** Quiet enough for a shop with clients in it. */
const TICK_GAIN = 0.08;

let audio: AudioContext | null = null;

export function tick(): void {
  if (!("AudioContext" in window)) return;
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const gain = audio.createGain();
  tone.frequency.value = TICK_HZ;
  gain.gain.value = TICK_GAIN;
  tone.connect(gain).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + TICK_S);
}
