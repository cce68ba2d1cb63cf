// The camera: what it sees in a <video>, and one frame of it as a picture.

export class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  /** Browsers offer a camera to secure pages only: https, or this machine itself. */
  static get isAvailable() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  get isOn() {
    return this.#stream !== null;
  }

  async start() {
    this.#stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    this.#video.srcObject = this.#stream;
    this.#video.hidden = false;
    await this.#video.play();
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
    this.#video.hidden = true;
  }

  /** One frame as a PNG. */
  picture() {
    const frame = document.createElement("canvas");
    frame.width = this.#video.videoWidth;
    frame.height = this.#video.videoHeight;
    frame.getContext("2d").drawImage(this.#video, 0, 0);
    return new Promise((resolve) => frame.toBlob(resolve, "image/png"));
  }
}
