"""From spikes to predictions, one file each.

A readout's module has

* ``Params``: its parameters;
* ``votes(params, training, test)``: one score for each test image and class, (n_images, n_classes) float64, from a
  :class:`stdp_pipeline.readout._answers.Training` and the test images'
  :class:`stdp_pipeline.readout._answers.Answers`. The prediction is the class with the highest score, the lowest class
  if two are equal. An image without an answer, or whose scores are all zero, has no prediction and counts as wrong;
* ``SUPERVISED``: True if class labels choose weights of a classifier. The others use them only to name neurons,
  sequences of spikes or images, by counting;
* ``READS``: "labels" if the neurons' labels and mean counts are all that it needs, "answers" if it needs the answers to
  the training images;
* ``scores(params, known, classes, test, n_classes)``, of some only: the same votes from features of any kind, those of
  the training images and of the test images, (n, n_features) arrays or sparse arrays. With it, the readout can be an
  experiment's ``baselines`` as well, which read the pixels.
"""
