"""The sizes of the network and the constants that both of its implementations share."""

from dataclasses import dataclass

from sketchvae.errors import SketchvaeError

N_STEP = 5  # numbers in a step: stroke-5 (dx, dy, down, up, end)
N_CONTEXT = 8  # context features of the decoder: see `context_features` in model/torch_net.py
FEATURE_CLIP = 16.0  # model units: decoder inputs are clipped to +-16; a drawing is 9 wide
MAX_STEPS = 250  # steps of a drawing, END included, unless a model was trained with others
TEMPERATURE = 0.7  # of typical drawings, unless the model's file names another
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.001, 10.0  # float32 neither over- nor underflows between
_LARGEST_SIZE = 4096  # of a size in ModelConfig


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of the network; the defaults are those of Ha & Eck 2017.

    Attributes:
        encoder_hidden: E, hidden units of each of the two encoder LSTMs.
        decoder_hidden: H, hidden units of the decoder LSTM.
        latent: Z, dimensions of the latent (N_z in the paper).
        mixtures: M, components of the offset mixture.

    Raises:
        SketchvaeError: if a size is not a whole number from 1 to 4096.
    """

    encoder_hidden: int = 256
    decoder_hidden: int = 512
    latent: int = 128
    mixtures: int = 20

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isinstance(value, int) and 1 <= value <= _LARGEST_SIZE):
                raise SketchvaeError(
                    f"{name} must be a whole number from 1 to {_LARGEST_SIZE}, got {value!r:.40}; "
                    f"try {getattr(ModelConfig, name)}"
                )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor of the network by its name; gates in order i, f, g, o.

        The decoder and its head read a step and its context features; the decoder reads z, too.
        """
        E, H, Z, M = self.encoder_hidden, self.decoder_hidden, self.latent, self.mixtures
        shapes: dict[str, tuple[int, ...]] = {}
        for lstm, hidden, inputs in (
            ("encoder.forward", E, N_STEP),
            ("encoder.backward", E, N_STEP),
            ("decoder", H, N_STEP + N_CONTEXT + Z),
        ):
            shapes[f"{lstm}.input"] = (4 * hidden, inputs)
            shapes[f"{lstm}.recurrent"] = (4 * hidden, hidden)
            shapes[f"{lstm}.bias"] = (4 * hidden,)
        for layer, outputs, inputs in (
            ("posterior.mean", Z, 2 * E),
            ("posterior.log_variance", Z, 2 * E),
            ("start", 2 * H, Z),
            ("head", 6 * M + 3, H + N_STEP + N_CONTEXT),
        ):
            shapes[f"{layer}.weight"] = (outputs, inputs)
            shapes[f"{layer}.bias"] = (outputs,)
        return shapes
