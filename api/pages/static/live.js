// Keeps a part of a page as new as the server says. Without this file the page asks again by itself,
// and has a link that does.

const RELOAD_AFTER_MS = 5000

const place = document.getElementById('app-live')
if (place) {
  follow(place)
}

function follow(place) {
  const heading = place.querySelector('h1').textContent.trim()
  const rest = document.title.replace(heading, '')
  const source = new EventSource(place.dataset.from)
  source.addEventListener('fragment', ({ data }) => {
    place.innerHTML = data
    document.title = place.querySelector('h1').textContent.trim() + rest
  })
  // Another page says more: the server knows which.
  source.addEventListener('elsewhere', () => {
    source.close()
    location.reload()
  })
  // Nothing more will come.
  source.addEventListener('end', () => source.close())
  source.addEventListener('error', () => {
    // A break in the line is mended by the browser; a refusal is not.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => location.reload(), RELOAD_AFTER_MS)
    }
  })
}
