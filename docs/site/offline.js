// Search in a page that was opened from the disk, where browsers refuse workers: the worker's script runs in a frame.
if (location.protocol === "file:")
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      document.body.appendChild(this.frame)
      const inside = this.frame.contentWindow
      addEventListener("message", (event) => {
        if (event.source === inside) this.dispatchEvent(new MessageEvent("message", { data: event.data }))
      })
      this.loaded = new Promise((resolve) => {
        inside.document.open()
        inside.document.write("<script>postMessage = parent.postMessage.bind(parent)</script>")
        const script = inside.document.createElement("script")
        script.onload = resolve
        script.src = url
        inside.document.head.appendChild(script)
        inside.document.close()
      })
    }
    postMessage(data) {
      this.loaded.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }
    terminate() {
      this.frame.remove()
    }
  }
