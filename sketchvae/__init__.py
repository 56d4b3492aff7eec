from sketchvae.drawing import Drawing
