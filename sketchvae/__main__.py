"""python -m sketchvae."""

from sketchvae.cli import main

if __name__ == "__main__":
    main(prog_name="sketchvae")
