// Warns before a session ends by itself, and leaves the page once it has. Without this file every
// page says at its foot when that will be. Nothing is asked of the server unless a button is pressed.

const LOOK_EVERY_MS = 1000

const dialog = document.getElementById('app-time-out')
if (dialog) {
  watch(dialog)
}

function watch(dialog) {
  const stayButton = dialog.querySelector('#app-time-out-stay')
  const closeButton = dialog.querySelector('#app-time-out-close')
  const foot = document.querySelector('.app-log-out-at')
  const warnMs = Number(dialog.dataset.warnSecs) * 1000
  // What one page knows, the others of this browser know, too.
  const otherPages = new BroadcastChannel('latchkey-session')
  let end = {
    at: Date.now() + Number(dialog.dataset.endsAfterSecs) * 1000,
    words: dialog.dataset.at,
    mayStay: dialog.dataset.mayStay === 'true'
  }
  let wasClosed = false

  show()
  otherPages.addEventListener('message', ({ data }) => {
    if (end.at < data.at) {
      take(data)
    }
  })
  otherPages.postMessage(end)
  stayButton.addEventListener('click', stay)
  closeButton.addEventListener('click', close)
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    if (end.mayStay) {
      stay()
    } else {
      close()
    }
  })
  // The time of day is looked at, because a timer stands still while a computer sleeps.
  setInterval(look, LOOK_EVERY_MS)
  look()

  function look() {
    const left = end.at - Date.now()
    if (left <= 0) {
      location.assign(dialog.dataset.loggedOut)
    } else if (left <= warnMs && !dialog.open && !wasClosed) {
      dialog.showModal()
    }
  }

  async function stay() {
    let answer
    try {
      answer = await fetch(dialog.dataset.keep, { method: 'POST' })
    } catch {
      return // No network: the warning stays, and the button can be pressed again.
    }
    if (answer.redirected || !answer.ok) {
      location.assign(dialog.dataset.loggedOut)
      return
    }
    const kept = await answer.json()
    take({
      at: Date.now() + kept.ends_after_secs * 1000,
      words: kept.log_out_at,
      mayStay: kept.may_stay
    })
    otherPages.postMessage(end)
  }

  function take(later) {
    const before = end.words
    end = later
    wasClosed = false
    if (foot) {
      foot.textContent = foot.textContent.replace(before, end.words)
    }
    dialog.close()
    show()
  }

  function close() {
    wasClosed = true
    dialog.close()
  }

  function show() {
    for (const place of dialog.querySelectorAll('.app-time-out__at')) {
      place.textContent = end.words
    }
    for (const part of dialog.querySelectorAll('.app-time-out__may-stay')) {
      part.hidden = !end.mayStay
    }
    for (const part of dialog.querySelectorAll('.app-time-out__limit')) {
      part.hidden = end.mayStay
    }
    stayButton.hidden = !end.mayStay
    closeButton.hidden = end.mayStay
  }
}
