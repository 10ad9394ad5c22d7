"""moondream2 in plain PyTorch: from a picture and a prompt to tokens, boxes and points.

This folder knows tensors and nothing of requests or the web, starts threads in `grammar` alone, and
imports nothing else of the project. Every size comes from a checkpoint's config.json, none is
written into the code.

Read in this order: `config`, `crops`, `vision`, `text`, `region`, `network` (the parts joined),
`prompts` (what is asked), `skills` (what is done, as plain loops; `grammar` and `stops` bound what
they write), `decoding` (how the loops of several rows run as one batch), `weights` (how a
checkpoint folder becomes a network; `files` and `kinds` say what else it may hold).

Shapes stand in parentheses: `B` rows, `T` tokens or positions of each, `D` model width, `H` heads,
`K` head width, `V` vocabulary, `N` crops, `G` grid side in patches, `S` crop side in pixels, `E`
vision width; `…` are any axes, none included, and a size without a letter stands in words. Images
are (height, width, 3), uint8 RGB. Places are fractions of the frame in 0..1, x before y, origin top
left; a box is x_min, y_min, x_max, y_max. Ids and positions are int64, masks bool with True for
"may see", rotary angles float32; all else has the dtype of the weights.

Follows vikhyat/moondream@44146f1 (Apache-2.0), written anew.
"""
