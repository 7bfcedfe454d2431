/* Every word of the page, in English and Ukrainian. It reads apparent expression, and no text may say more. */

const en = {
  tag: "apparent expression, live",
  language: "Language", theme: "Appearance", help: "Help and keys", close: "Close", cancel: "Cancel",
  system: "System", light: "Light", dark: "Dark",
  noticeLabel: "Notice to the people in view",
  notice: "An AI system analyses the faces of people in view: what an expression looks like, not what a person feels. Nobody is identified. Tell everyone before you begin.",
  dismiss: "Dismiss",
  viewer: "Picture", tools: "Controls", choices: "Settings", stage: "The analysed picture. Faces: {count}.",
  lead: "See what the network sees",
  leadMore: "Seven scores for every face: what its expression looks like, and how sure the network is.",
  startCamera: "Start the camera", startServerCamera: "Watch the server’s camera",
  orDrop: "or drop, paste or open a picture or a clip",
  dropHere: "Drop a picture or a clip here",
  local: "Pictures stay on this machine.",
  remote: "Pictures are sent to {host}, analysed there in memory and not stored.",
  remoteCamera: "Pictures are taken by {host}, analysed there in memory and not stored.",
  rateName: "frames/s", latencyName: "latency", positionName: "time", ms: "{number} ms",
  start: "Start", stop: "Stop", pause: "Pause", play: "Play", mirror: "Mirror", hide: "Boxes only",
  blur: "Blur faces", record: "Record", stopRecording: "Save", snapshot: "Snapshot", open: "Open file",
  camera: "Camera", cameraNumber: "Camera {number}", model: "Model", detector: "Face detector", format: "Record as",
  people: "People", inView: "{count} in view", inPicture: "{count} in the picture",
  nobodyYet: "Scores appear here", nobody: "No face in view", noFace: "No face was found",
  person: "Person {id}",
  uncertain: "uncertain", choosePerson: "Person whose scores are drawn",
  caveat: "Scores say what a face looks like to a neural network. They do not tell what a person feels.",
  lastMinute: "Last 60 seconds", lastMinuteOf: "Last 60 seconds, person {id}", wholeClip: "The whole clip",
  photoTimes: "Over time", now: "now", ago: "−{number} s",
  timelineLive: "Scores of the last 60 seconds.", timelineClip: "Position in the clip", at: "{time} of {total}. {said}",
  timesOfLive: "Scores over time appear here",
  downloadCsv: "Download CSV",
  foot: "vyraz reads apparent expression. It identifies nobody, and loads nothing from elsewhere.",
  said: "Person {id}: {label}, {percent} percent", saidDoubt: "Person {id}: uncertain, perhaps {label}",
  paused: "Paused", resumed: "Goes on", recording: "Recording", recorded: "{time}, {rows} rows",
  saved: "{name} is saved.", started: "The camera runs.", stopped: "Stopped.",
  starting: "Starting the camera. The browser may ask whether this page may use it.", connecting: "Waiting for the first picture",
  uploading: "Sending {name}", reading: "Reading {name}", analysing: "Reading the faces in {name}", waiting: "Waiting for its turn",
  sent: "{percent} sent", framesOf: "{frames} of {total} frames", frames: "{frames} frames", untilNow: "read up to {time}",
  helpTitle: "Help", keySpace: "Space", keyPause: "pause and go on", keyMirror: "mirror", keyHide: "boxes only", keyBlur: "blur faces",
  keyRecord: "record, save", keySnapshot: "snapshot", keyOpen: "open a file", keyHelp: "this help", keySeek: "seek in a clip", arrows: "← →",
  helpReadTitle: "What it reads",
  helpRead: "Apparent expression: which of seven words people would choose for a face like this one. It does not read feelings, intent, truthfulness or health, and it identifies nobody: a number follows a face by its place alone.",
  helpDoubtTitle: "Grey, with a question mark",
  helpDoubt: "The strongest score is below the model’s threshold, or the face is very small: take it as uncertain. Below a face, a strip shows all seven scores at once.",
  helpPrivacyTitle: "Pictures",
  helpPrivacy: "One frame at a time goes to the server that gave you this page, and is gone once it has been read. Recordings and snapshots are made in the browser and saved where you choose. Inferring emotions at work and in education is prohibited in the EU, save for medical or safety reasons; elsewhere people must be told.",
  tokenTitle: "A token is needed", tokenText: "This server asks for the token it was started with. It is kept as long as this tab is open.",
  tokenWrong: "That token is not the right one. Ask whoever runs this server.", token: "Token", goOn: "Go on",
  denied: "The camera is blocked|This page may not use the camera. Allow it by the camera sign in the address bar, or in the settings of your system, then press Start again.",
  missing: "No camera was found|Connect one and press Start again, or open a picture or a clip.",
  busy: "The camera is in use|Another program holds it. Close that program, then press Start again.",
  insecure: "The camera needs a safe address|Browsers give it only to pages by https or on this very machine. Open http://localhost there, or serve the page with --tls-cert and --tls-key. Pictures and clips can be opened anyway.",
  gone: "The camera has gone|It was unplugged or taken away. Connect it and press Start.",
  cameraFailed: "The camera does not start|{reason}. Try another camera, or press Start again.",
  lost: "The server does not answer|Trying again in {seconds} s. See whether vyraz is still running.",
  full: "The server is full|All its places are taken. Trying again in {seconds} s.",
  closed: "The server ended the stream|{reason}. Press Camera to go on.",
  cameraStopped: "The server’s camera stopped|{reason}. It is tried again by itself.",
  offline: "The server does not answer|See whether vyraz is still running, then try again.",
  unsupported: "{name} cannot be opened|Pictures (JPEG, PNG, WebP) and video clips can.",
  tooLarge: "{name} is too large|This server takes up to {limit}. Make it smaller, or use “vyraz analyze”, which has no limit.",
  tooLargeAny: "{name} is too large|Make it smaller, or use “vyraz analyze”, which has no limit.",
  unreadable: "{name} cannot be read|{reason}.",
  serverBusy: "The server has too much to do|Try again in a moment.",
  jobFailed: "{name} could not be read to its end|{reason}.",
  serverSays: "That did not work|{reason}.",
  severalFiles: "One at a time|Only {name} was opened.",
  unplayable: "The browser cannot show {name}|The boxes are drawn on a plain ground; the results are complete.",
  clipWithoutFace: "No face was found in {name}|The table tells so for each frame.",
  frameUnread: "A frame could not be read|{reason}.",
  angry: "angry", disgust: "disgust", fear: "fear", happy: "happy", sad: "sad", surprise: "surprise", neutral: "neutral", contempt: "contempt",
};

const uk = {
  tag: "видимий вираз обличчя, наживо",
  language: "Мова", theme: "Вигляд", help: "Довідка й клавіші", close: "Закрити", cancel: "Скасувати",
  system: "Система", light: "Світлий", dark: "Темний",
  noticeLabel: "Повідомлення для людей у кадрі",
  notice: "Обличчя людей у кадрі аналізує система ШІ: на що схожий вираз, а не що людина відчуває. Нікого не впізнають. Попередьте всіх, перш ніж почати.",
  dismiss: "Зрозуміло",
  viewer: "Зображення", tools: "Керування", choices: "Налаштування", stage: "Проаналізоване зображення. Облич: {count}.",
  lead: "Побачте те, що бачить мережа",
  leadMore: "Сім оцінок для кожного обличчя: на що схожий його вираз і наскільки мережа впевнена.",
  startCamera: "Увімкнути камеру", startServerCamera: "Дивитися камеру сервера",
  orDrop: "або перетягніть, вставте чи відкрийте фото або відео",
  dropHere: "Відпустіть фото або відео тут",
  local: "Зображення не залишають цей комп’ютер.",
  remote: "Зображення надсилаються на {host}, аналізуються там у пам’яті й не зберігаються.",
  remoteCamera: "Зображення знімає {host}; там вони аналізуються в пам’яті й не зберігаються.",
  rateName: "кадрів/с", latencyName: "затримка", positionName: "час", ms: "{number} мс",
  start: "Почати", stop: "Зупинити", pause: "Пауза", play: "Грати", mirror: "Дзеркало", hide: "Лише рамки",
  blur: "Розмити", record: "Записати", stopRecording: "Зберегти", snapshot: "Знімок", open: "Відкрити",
  camera: "Камера", cameraNumber: "Камера {number}", model: "Модель", detector: "Пошук облич", format: "Формат запису",
  people: "Люди", inView: "у кадрі: {count}", inPicture: "на зображенні: {count}",
  nobodyYet: "Тут з’являться оцінки", nobody: "У кадрі немає облич", noFace: "Облич не знайдено",
  person: "Особа {id}",
  uncertain: "непевно", choosePerson: "Чиї оцінки намальовано",
  caveat: "Оцінки кажуть, на що схоже обличчя для нейронної мережі. Вони не кажуть, що людина відчуває.",
  lastMinute: "Останні 60 секунд", lastMinuteOf: "Останні 60 секунд, особа {id}", wholeClip: "Увесь запис",
  photoTimes: "У часі", now: "зараз", ago: "−{number} с",
  timelineLive: "Оцінки за останні 60 секунд.", timelineClip: "Місце в записі", at: "{time} з {total}. {said}",
  timesOfLive: "Тут з’являться оцінки в часі",
  downloadCsv: "Завантажити CSV",
  foot: "vyraz читає видимий вираз обличчя. Він нікого не впізнає і нічого не завантажує ззовні.",
  said: "Особа {id}: {label}, {percent} відсотків", saidDoubt: "Особа {id}: непевно, можливо {label}",
  paused: "Пауза", resumed: "Триває", recording: "Записується", recorded: "{time}, рядків: {rows}",
  saved: "{name} збережено.", started: "Камера працює.", stopped: "Зупинено.",
  starting: "Камера вмикається. Браузер може спитати дозволу для цієї сторінки.", connecting: "Чекаємо на перше зображення",
  uploading: "Надсилається {name}", reading: "Читається {name}", analysing: "Читаються обличчя у {name}", waiting: "Чекає на свою чергу",
  sent: "надіслано {percent}", framesOf: "кадрів: {frames} з {total}", frames: "кадрів: {frames}", untilNow: "прочитано до {time}",
  helpTitle: "Довідка", keySpace: "Пробіл", keyPause: "пауза й далі", keyMirror: "дзеркало", keyHide: "лише рамки", keyBlur: "розмити обличчя",
  keyRecord: "записати, зберегти", keySnapshot: "знімок", keyOpen: "відкрити файл", keyHelp: "ця довідка", keySeek: "рух по відео", arrows: "← →",
  helpReadTitle: "Що він читає",
  helpRead: "Видимий вираз: яке із семи слів люди обрали б для такого обличчя. Він не читає почуттів, намірів, правдивості чи здоров’я і нікого не впізнає: номер веде обличчя лише за його місцем.",
  helpDoubtTitle: "Сіре, зі знаком питання",
  helpDoubt: "Найбільша оцінка нижча за поріг моделі або обличчя дуже мале: вважайте це непевним. Смужка під обличчям показує всі сім оцінок одразу.",
  helpPrivacyTitle: "Зображення",
  helpPrivacy: "До сервера, що дав вам цю сторінку, йде один кадр за раз і зникає, щойно його прочитано. Записи та знімки робить сам браузер і зберігає там, де ви оберете. В ЄС заборонено виводити емоції людей на роботі та в навчанні, крім медичних причин і безпеки; в інших випадках людей треба попередити.",
  tokenTitle: "Потрібен токен", tokenText: "Сервер просить токен, з яким його запущено. Його збережено, доки відкрита ця вкладка.",
  tokenWrong: "Це не той токен. Запитайте того, хто запустив сервер.", token: "Токен", goOn: "Далі",
  denied: "Камеру заблоковано|Ця сторінка не має доступу до камери. Дозвольте його значком камери в рядку адреси або в налаштуваннях системи й знову натисніть «Почати».",
  missing: "Камеру не знайдено|Під’єднайте її й знову натисніть «Почати» або відкрийте фото чи відео.",
  busy: "Камера зайнята|Її тримає інша програма. Закрийте ту програму й знову натисніть «Почати».",
  insecure: "Камері потрібна безпечна адреса|Браузери дають її лише сторінкам через https або на цьому ж комп’ютері. Відкрийте там http://localhost або запустіть сервер із --tls-cert і --tls-key. Фото й відео можна відкрити й так.",
  gone: "Камера зникла|Її від’єднано або забрано. Під’єднайте її й знову натисніть «Почати».",
  cameraFailed: "Камера не вмикається|{reason}. Спробуйте іншу камеру або знову натисніть «Почати».",
  lost: "Сервер не відповідає|Нова спроба за {seconds} с. Перевірте, чи vyraz ще працює.",
  full: "Сервер переповнений|Усі місця зайнято. Нова спроба за {seconds} с.",
  closed: "Сервер завершив потік|{reason}. Натисніть «Почати», щоб продовжити.",
  cameraStopped: "Камера сервера зупинилася|{reason}. Нові спроби йдуть самі.",
  offline: "Сервер не відповідає|Перевірте, чи vyraz ще працює, і спробуйте знову.",
  unsupported: "{name} не вдається відкрити|Підходять фото (JPEG, PNG, WebP) та відео.",
  tooLarge: "{name} завеликий|Цей сервер приймає до {limit}. Зменште файл або скористайтеся командою “vyraz analyze”: у неї немає межі.",
  tooLargeAny: "{name} завеликий|Зменште файл або скористайтеся командою “vyraz analyze”: у неї немає межі.",
  unreadable: "{name} не читається|{reason}.",
  serverBusy: "Сервер перевантажений|Спробуйте за мить.",
  jobFailed: "{name} не вдалося прочитати до кінця|{reason}.",
  serverSays: "Не вдалося|{reason}.",
  severalFiles: "По одному|Відкрито лише {name}.",
  unplayable: "Браузер не може показати {name}|Рамки намальовано на тлі; результати повні.",
  clipWithoutFace: "У {name} не знайдено облич|Таблиця каже про це для кожного кадру.",
  frameUnread: "Кадр не вдалося прочитати|{reason}.",
  angry: "гнів", disgust: "відраза", fear: "страх", happy: "радість", sad: "сум", surprise: "подив", neutral: "нейтральний", contempt: "зневага",
};

const all = {en, uk};
let current = "en";

export const languages = {en: "English", uk: "Українська"};
export const language = () => current;

export function setLanguage(name) {
  current = name in all ? name : "en";
  document.documentElement.lang = current;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label));
}

/* A text with its places filled; a key without a text (a label of somebody's own model) is its own text. */
export function say(key, values = {}) {
  const text = all[current][key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/* A narrow space that does not break, as in the reports. */
export const percent = (share) => `${Math.round(100 * share)}\u202f%`;

export function clock(seconds, tenths = false) {
  const whole = Math.floor(seconds), two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const text = hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return tenths ? `${text}.${Math.floor(10 * (seconds - whole))}` : text;
}

export function bytes(count) {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), 3);
  return `${Math.round(count / 1000 ** power)}\u202f${units[power]}`;
}
