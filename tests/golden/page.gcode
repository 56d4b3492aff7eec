(sketchvae plot, page 100 x 80 mm)
(bed: 120 x 90 mm)
(extent: -101.667 -63.5 0 0)
(pen-up: M5 | M280 P0 S30)
(speeds: rapid 5000, acceleration 500, junction 0.01)
G21
G90
G94
F1500
M5
M280 P0 S30
G4 P0.35
(pen 1: black)
(stroke 1 of 3)
G0 X-92 Y-23.5
M280 P0 S90
M3
G1 X-72 Y-23.623 F1500
G1 X-71.5 Y-43.5
M5
M280 P0 S30
G4 P0.35
(stroke 2 of 3)
G0 X-101.667 Y-8.5
M280 P0 S90
M3
G1 X-100 Y-6.5 F1500
M5
M280 P0 S30
G4 P0.35
(pen 2: #cc4433)
M0
(stroke 3 of 3)
G0 X-52 Y-63.5
M280 P0 S90
M3
G1 X-52 Y-63.5 F1500
M5
M280 P0 S30
G4 P0.35
(end)
M5
M280 P0 S30
G4 P0.35
G0 X0 Y0
