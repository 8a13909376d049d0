// Time as the Central Node goes by it: Europe/Madrid.

const MADRID = 'Europe/Madrid';
const parts = {weekday: 'short', day: '2-digit', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'};
const madrid = new Intl.DateTimeFormat('en-GB', {...parts, timeZone: MADRID});
const utc = new Intl.DateTimeFormat('en-GB', {...parts, timeZone: 'UTC'});

function read(format, instant) {
  return Object.fromEntries(format.formatToParts(new Date(instant)).map(({type, value}) => [type, value]));
}

// Fri 21 Nov 2026 21:18:42
export function long(instant, zone = 'madrid') {
  const p = read(zone === 'utc' ? utc : madrid, instant);
  return `${p.weekday} ${p.day} ${p.month} ${p.year} ${p.hour}:${p.minute}:${p.second}`;
}

// Fri 21 Nov 21:18
export function short(instant) {
  const p = read(madrid, instant);
  return `${p.weekday} ${p.day} ${p.month} ${p.hour}:${p.minute}`;
}

// 21:18:42
export function timeOfDay(instant) {
  const p = read(madrid, instant);
  return `${p.hour}:${p.minute}:${p.second}`;
}

// in 3 h 20 min; 5 min ago
export function distance(from, to) {
  const seconds = Math.round((new Date(to) - new Date(from)) / 1000);
  const size = Math.abs(seconds);
  const [days, hours, minutes] = [Math.floor(size / 86400), Math.floor(size / 3600) % 24, Math.floor(size / 60) % 60];
  const words = days ? `${days} d${hours ? ` ${hours} h` : ''}` : hours ? `${hours} h${minutes ? ` ${minutes} min` : ''}`
    : minutes ? `${minutes} min` : `${size} s`;
  return seconds >= 0 ? `in ${words}` : `${words} ago`;
}

// What a datetime-local control shows for an instant, in Madrid.
export function toLocal(instant) {
  const date = new Date(instant);
  return new Date(date.getTime() + offset(date)).toISOString().slice(0, 19);
}

// The instant at which Madrid's clocks show this (YYYY-MM-DDTHH:MM[:SS]).
export function fromLocal(local) {
  const wall = new Date(`${local}Z`);
  const guess = new Date(wall.getTime() - offset(wall));
  return new Date(wall.getTime() - offset(guess)).toISOString();
}

// How far Madrid is ahead of UTC, in milliseconds.
function offset(date) {
  const p = read(new Intl.DateTimeFormat('en-GB', {
    timeZone: MADRID, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  }), date);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(date.getTime() / 1000) * 1000;
}
