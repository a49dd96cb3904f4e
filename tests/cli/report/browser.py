"""A page in headless Chromium."""

import json
import os
import shutil
import time

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

MISSING = None
if not (CHROMIUM and DRIVER and webdriver):
    MISSING = "needs chromium, chromium-driver and python3-selenium (scripts/bootstrap.sh test)"


class Browser:
    """One Chromium for a module: starting it is what takes long."""

    def __init__(self, downloads):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
                         f"--user-data-dir={downloads}/profile", "--no-first-run", "--disable-background-networking"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        os.environ["SE_OFFLINE"] = "true"  # no look for another driver
        self.downloads = downloads
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_page_load_timeout(240)
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def media(self, scheme="light", medium=""):
        self.command("Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width, height=900):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, path, scheme="light", width=1280):
        """Loads a page and waits until its script is done. @returns what the console said, addresses that were asked for"""
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.media(scheme)
        self.size(width)
        self.driver.get(path.resolve().as_uri())
        self.wait("return document.documentElement.dataset.ready === 'true'")
        return self.console(), self.requests()

    def wait(self, script, *arguments, seconds=240):
        end = time.monotonic() + seconds
        while not self.run(script, *arguments):
            assert time.monotonic() < end, (script, self.console())
            time.sleep(0.05)

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def downloaded(self, name, click):
        """Bytes of the file that a click saves."""
        path = self.downloads / name
        path.unlink(missing_ok=True)
        click()
        end = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < end, f"no {name} in {list(self.downloads.iterdir())}"
            time.sleep(0.05)
        time.sleep(0.05)
        return path.read_bytes()

    def close(self):
        self.driver.quit()


# What is written in too little contrast to what is behind it: [text, ratio, wanted]. Colours of several layers are blended.
LOW_CONTRAST = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
canvas.canvas.width = canvas.canvas.height = 1;
const colors = new Map(), backs = new Map();
function rgba(color) {
  if (!colors.has(color)) colors.set(color, read(color));
  return colors.get(color);
}
function read(color) {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255];
}
const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3]));
function behind(element) {
  if (!element) return [255, 255, 255];
  if (!backs.has(element)) backs.set(element, over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement)));
  return backs.get(element);
}
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const low = [];
const check = (text, color, back, style) => {
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
  const wanted = large ? 3 : 4.5, found = ratio(over(color, back), back);
  if (found < wanted) low.push([text.slice(0, 40), found, wanted]);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, text = walker.currentNode.nodeValue.trim();
  if (!text || element.closest('script, svg, [hidden], .hidden, :disabled') || !element.checkVisibility()) continue;
  check(text, rgba(getComputedStyle(element).color), behind(element), getComputedStyle(element));
}
for (const text of document.querySelectorAll('svg text')) {
  // Numbers of a heat map stand on its cells.
  let back = behind(text.closest('.plot'));
  const marks = text.closest('.mark-text.role-mark');
  const cell = marks?.parentElement.querySelector('.mark-rect')?.children[[...marks.children].indexOf(text)];
  if (cell?.hasAttribute('fill-opacity')) back = over([...rgba(getComputedStyle(cell).fill).slice(0, 3), Number(cell.getAttribute('fill-opacity'))], back);
  check(text.textContent, rgba(getComputedStyle(text).fill), back, getComputedStyle(text));
}
return low;
"""
