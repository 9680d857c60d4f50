// Everything works without this file: it starts the NHS components (Show passcode, the menu on a
// phone, the focus on the error summary).
import { initAll } from './nhsuk.js'

initAll()
